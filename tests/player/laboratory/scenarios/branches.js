// Films in several parts: branches told early, in time and late.

import { recorder } from "/laboratory/recorder.js";
import {
  act,
  begin,
  film,
  follow,
  makeFilm,
  outcome,
  player,
  ready,
  seek,
  sit,
  sleep,
  start,
  until,
  video,
  watch,
} from "/laboratory/scene.js";

/** Load another film, and tell the recorder which node it is, in the same task. */
function turn(node, clip) {
  recorder.look();
  recorder.node = node;
  act.load(clip);
}

export async function playlist() {
  await sit({ node: "one" }, "b");
  await start();
  await watch(1);
  await seek(6.5);
  await until(() => video().ended);
  player.enter("two");
  turn("two", "a");
  await ready();
  await start();
  await watch(1.5);
}

export async function choose_playing() {
  await begin(1.5, { node: "one" });
  player.choose("two", { option: "Go" });
  turn("two", "b");
  await ready();
  await start();
  await watch(1.5);
}

export async function choose_paused() {
  await begin(1.5, { node: "one" });
  act.pause();
  await sleep(0.4);
  player.choose("two");
  await sleep(1);
  turn("two", "b");
  await ready();
  await start();
  await watch(1.5);
}

export async function choose_early() {
  await begin(1.5, { node: "one" });
  player.choose("two", { option: "Go" });
  await watch(3.5);
  turn("two", "b");
  await ready();
  await start();
  await watch(1.5);
}

export async function choose_late() {
  await begin(1.5, { node: "one" });
  turn("two", "b");
  await ready();
  player.choose("two");
  await start();
  await watch(1.5);
}

export async function choose_late_paused() {
  await begin(1.5, { node: "one" });
  act.pause();
  await sleep(0.4);
  turn("two", "b");
  await ready();
  await sleep(0.7);
  player.choose("two");
  await sleep(0.5);
  await start();
  await watch(1.5);
}

export async function enter_late() {
  await begin(1.5, { node: "one" });
  turn("two", "b");
  await ready();
  await start();
  await until(() => video().currentTime > 0.2);
  player.enter("two");
  await watch(1.5);
}

/** The viewer chooses when a choice is offered, and the part goes on to its end. */
export async function choose_long_before() {
  await begin(1.5, { node: "one" });
  player.choose("two");
  await watch(13.5);
  turn("two", "b");
  await ready();
  await start();
  await watch(1.5);
}

export async function choose_again() {
  await begin(1.5, { node: "one" });
  player.choose("three");
  await sleep(1);
  player.choose("two");
  await sleep(1);
  turn("two", "b");
  await ready();
  await start();
  await watch(1.5);
  outcome.path = ["one", "two"];
}

/** The next part waits in an element of its own, so that it begins without a pause. */
export async function choose_in_another_element() {
  await begin(1.5, { node: "one" });
  const first = [film, player];
  await makeFilm();
  await act.load("b");
  await ready();
  follow({ node: "two" });
  first[1].choose("two", { option: "Go" });
  recorder.look();
  recorder.others.add(first[0].video());
  recorder.node = "two";
  video().play();
  first[0].video().pause();
  await watch(1.5);
  await first[1].flush();
  outcome.path = ["one", "two"];
  await sleep(1);
}
