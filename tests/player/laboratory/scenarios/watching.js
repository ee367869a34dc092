// Seeks, pauses, speeds, stalls and the end of a film.

import {
  act,
  begin,
  busy,
  film,
  follow,
  given,
  isWebkit,
  outcome,
  ready,
  seek,
  sit,
  sleep,
  standstill,
  start,
  until,
  video,
  watch,
} from "/laboratory/scene.js";

export async function through() {
  await sit(undefined, "b");
  await start();
  await until(() => video().ended);
}

export async function seeks() {
  await begin();
  await seek(10);
  await watch(11.5);
  await seek(3);
  await watch(4.5);
  act.pause();
  await sleep(0.4);
  await seek(7);
  await start();
  await watch(8);
}

/** Seeks without events and with `seeking` false, as in Firefox at the seam of a loop and on busy pages. */
export async function silent_seeks() {
  for (const type of ["seeking", "seeked"]) {
    addEventListener(type, (event) => event.stopImmediatePropagation(), { capture: true });
  }
  Object.defineProperty(video(), "seeking", { value: false });
  await begin();
  await seek(10);
  await watch(11.5);
  await seek(3);
  await watch(4.5);
}

/** readyState stays 2 after a seek, as in WebKitGTK. */
function lowerReadyState() {
  const { get } = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, "readyState");
  Object.defineProperty(video(), "readyState", { get: () => Math.min(2, get.call(video())), configurable: true });
}

export async function low_ready_state_of_a_new_source() {
  await begin();
  const { currentTime } = video();
  lowerReadyState();
  film.quality();
  await until(() => video().readyState > 0);
  act.play();
  await seek(currentTime);
  await watch(4);
}

export async function low_ready_state() {
  await begin();
  lowerReadyState();
  await seek(10);
  await watch(12);
  act.rate(2);
  await watch(14);
  outcome.buffering = 0;
}

export async function scrub() {
  await begin();
  for (const place of [4, 6, 9, 12]) {
    act.seek(place);
    await sleep(0.1);
  }
  await watch(13.2);
}

export async function double_speed() {
  await begin(1);
  act.rate(2);
  await watch(4.5);
  await seek(10);
  await watch(12.5);
  act.rate(1);
  await watch(13.5);
}

export async function pause() {
  await begin();
  act.pause();
  await sleep(1);
  act.play();
  await watch(3);
}

export async function replay() {
  await sit(undefined, "b");
  await start();
  await watch(1);
  await seek(6);
  await until(() => video().ended);
  await sleep(0.4);
  if (given.player === "dashjs") act.seek(0); // its play() does not start over
  act.play();
  await until(() => video().currentTime < 3 && video().currentTime > 1.3);
}

export async function loop() {
  await sit(undefined, "b");
  video().loop = true;
  if (!isWebkit) act.rate(2); // at which WebKitGTK's positions may be a second late
  await start();
  for (let round = 0; round < 2; round++) {
    await watch(6);
    await until(() => video().currentTime < 3);
  }
  await watch(1.5);
}

export async function quality() {
  await begin();
  const { currentTime } = video();
  const { currentSrc } = video();
  await film.quality();
  await sleep(0.1);
  if (video().currentSrc !== currentSrc) {
    await until(() => video().readyState > 0);
    video().currentTime = currentTime;
    act.play();
  }
  await watch(5);
}

export async function stall() {
  await act.load("a", "/slow");
  await until(() => video()?.readyState > 0);
  follow();
  act.rate(2);
  await start();
  await until(() => video().currentTime > 1, 20);
  const before = await standstill();
  await fetch("/rest", { method: "PUT", body: "" });
  await watch(before + 1.5);
}

/** Shaka sets the rate to 0 while it has nothing to play. */
export async function stall_at_rate_0() {
  await begin();
  video().playbackRate = 0;
  await sleep(1.5);
  video().playbackRate = 1;
  await watch(3);
  outcome.buffering = 1.5;
}

/** Players seek over a gap that is never filled. */
export async function gap_jump() {
  const [pieces, clip] = [new MediaSource(), await (await fetch("/demo/boat.webm")).arrayBuffer()];
  video().src = URL.createObjectURL(pieces);
  await new Promise((happen) => pieces.addEventListener("sourceopen", happen, { once: true }));
  const buffer = pieces.addSourceBuffer('video/webm; codecs="vp9"');
  const append = async (from, to) => {
    buffer.abort();
    [buffer.appendWindowStart, buffer.appendWindowEnd] = [from, to];
    buffer.appendBuffer(clip);
    await until(() => !buffer.updating);
  };
  await append(0, 5);
  follow();
  act.play();
  await watch(1);
  act.seek(video().buffered.end(0) - 1.5);
  await standstill();
  await sleep(0.7);
  await append(8, 20);
  act.seek(video().buffered.start(1) + 0.05);
  await sleep(1.5);
  outcome.causes = ["user", "auto"];
}

/** Pages load the film anew so that its poster is shown, or to play it again. */
export async function replay_by_loading() {
  await act.load("b");
  await ready();
  const again = new AbortController();
  const play = () => {
    if (!video().ended) return;
    again.abort();
    act.load("b");
    act.play();
  };
  // Before player.js hears of it.
  for (const type of ["timeupdate", "ended"]) video().addEventListener(type, play, { signal: again.signal });
  follow();
  await start();
  await watch(1);
  await seek(6);
  await until(() => video().currentTime < 3);
  await ready();
  await start();
  await until(() => video().currentTime < 3 && video().currentTime > 1.3);
}

/** A page that lets nobody skip may swallow the event. */
export async function seeks_without_seeked() {
  addEventListener("seeked", (event) => event.stopImmediatePropagation(), { capture: true });
  await begin();
  await seek(10);
  await watch(11.5);
  act.pause();
  await sleep(0.3);
  await seek(3);
  await sleep(0.5);
  act.play();
  await watch(4.5);
}

export async function seeks_in_a_stall() {
  await act.load("a", "/slow");
  await until(() => video()?.readyState > 0);
  follow();
  act.rate(2);
  await start();
  await until(() => video().currentTime > 1, 20);
  await standstill();
  for (const place of [20, 14, 17]) {
    act.seek(place);
    await sleep(0.6);
  }
  act.rate(1);
  await sleep(0.5);
  await fetch("/rest", { method: "PUT", body: "" });
  await watch(19);
}

/** It begins at a place, and the page is too busy to hear of it in time. */
export async function begin_at_a_place() {
  follow();
  video().preload = "none";
  act.load("a");
  video().addEventListener("loadedmetadata", () => (video().currentTime = 2), { once: true });
  act.play();
  for (let round = 0; round < 8; round++) {
    busy(0.4);
    await sleep(0.02);
  }
  await watch(7);
}

/** The device's clock is set, forth and back. */
export async function clock_is_set() {
  const own = Date.now;
  await begin();
  Date.now = () => own() + 3600e3;
  await watch(3);
  act.pause();
  await sleep(0.5);
  act.play();
  Date.now = own;
  await watch(4.5);
  await seek(8);
  await watch(9);
}
