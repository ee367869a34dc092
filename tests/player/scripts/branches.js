// Films in several parts.

import { once, video } from "/scripts/viewer.js";

export async function chooses_and_goes_back(viewer) {
  await viewer.sit("harbour", { node: "harbour" });
  await viewer.play();
  await viewer.watch(2);
  await viewer.choose("boat", "Take the boat");
  await viewer.watch(2);
  await viewer.choose("harbour", "Back");
  await viewer.watch(1);
  await viewer.pause();
  await viewer.choose("morning", "Wait");
  await viewer.watch(1);
}

export async function branches_inside_one_file(viewer) {
  await viewer.sit("boat", { node: "first" });
  await viewer.play();
  await viewer.watch(2);
  viewer.branch("second", "choice", "There");
  viewer.player.choose("second", { option: "There" });
  video.currentTime = 12;
  viewer.from = 12;
  await viewer.watch(14);
  const position = video.currentTime; // on to the next without a break
  viewer.branch("third", "auto");
  viewer.player.enter("third");
  viewer.from = position;
  await viewer.watch(16);
}

export async function goes_on_without_a_break(viewer) {
  await viewer.sit("boat", { node: "first" });
  await viewer.play();
  for (const [node, place] of [["second", 1], ["third", 2]]) {
    await viewer.watch(place);
    const { currentTime } = video;
    viewer.branch(node, "auto");
    viewer.player.enter(node);
    viewer.from = currentTime;
  }
  await viewer.watch(2.4); // and leaves before it is known that no other place comes
}

export async function enters_the_next_part_at_the_end(viewer) {
  await viewer.sit("morning", { node: "morning" });
  viewer.player.enter("morning"); // pages say so for every node they load
  video.currentTime = 6; // before the first play this only says where it begins
  await once("seeked");
  await viewer.play();
  await once("ended");
  viewer.branch("boat", "auto");
  viewer.player.enter("boat");
  viewer.load("/demo/boat.webm");
  video.addEventListener("loadedmetadata", () => (video.currentTime = 8), { once: true });
  await viewer.play();
  viewer.player.enter("boat");
  viewer.from = 8;
  await viewer.watch(10);
}

export async function reports_a_choice_late(viewer) {
  await viewer.sit("harbour", { node: "harbour" });
  await viewer.play();
  await viewer.watch(2);
  viewer.branch("boat", "choice", "Go");
  const { currentTime: position } = video;
  viewer.load("/demo/boat.webm");
  viewer.player.choose("boat", { option: "Go", position, duration: 24 });
  await viewer.play();
  viewer.from = 0;
  await viewer.watch(1);
}
