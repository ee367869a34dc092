// Anything that viewers do.

import { fault, given, once, sleep, video } from "/scripts/viewer.js";

/** Anything that viewers do, in an order that the address decides. */
export async function does_anything(viewer) {
  let seed = +given.seed;
  const chance = (most) => {
    seed = (seed * 48271) % 2147483647;
    return (seed / 2147483647) * most;
  };
  const anywhere = () => {
    const place = 1 + chance(video.duration - 4);
    return Math.abs(place - video.currentTime) < 0.5 ? place + 1 : place; // so near, it were no jump
  };
  const deeds = [
    async () => viewer.seek(anywhere()),
    async () => viewer.seek(Math.max(0, video.currentTime - 1 - chance(4))),
    async () => viewer.scrub([anywhere(), anywhere(), anywhere()]),
    async () => (video.playbackRate = [0.5, 1, 1.5, 2][Math.floor(chance(4))]),
    async () => {
      await viewer.pause();
      await sleep(chance(2));
      if (chance(2) < 1) await viewer.seek(anywhere());
      const at = video.currentTime;
      await viewer.play();
      viewer.from ??= at;
    },
    async () => viewer.choose(["harbour", "boat", "lighthouse"][Math.floor(chance(3))], "option"),
    async () => {
      const at = video.currentTime; // on to another part without a break
      viewer.branch(`${viewer.node}+`, "auto");
      viewer.player.enter(viewer.node);
      viewer.from = at;
    },
    async () => {
      const end = video.duration;
      await viewer.seek(end - 1.5);
      await once("ended");
      viewer.close(end);
      await sleep(chance(1));
      viewer.tell("jump", viewer.node, end, 0, "replay");
      await video.play();
      viewer.from = 0;
    },
    async () => fault(["none", "503", "away", "deaf"][Math.floor(chance(4))]),
  ];
  await viewer.sit("boat", { node: "boat", pingSeconds: 2 });
  await viewer.play();
  for (let step = 0; step < given.steps; step++) {
    await sleep(0.6 + chance(2)); // less is hardly watched
    if (video.ended || video.currentTime > video.duration - 4) await viewer.seek(1 + chance(5));
    if (video.paused) await viewer.play(); // it had ended
    await deeds[Math.floor(chance(deeds.length))]();
  }
  await sleep(0.5);
  await fault("none");
}
