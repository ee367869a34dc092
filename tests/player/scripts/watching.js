// Seeks, pauses, speeds and stalls.

import { once, playIn, sleep, until, video } from "/scripts/viewer.js";

/** A recording of nothing: RIFF, WAVE, a format of one byte a sample, its data. */
function silence(seconds, rate = 8000) {
  const size = seconds * rate;
  const format = [0x20746d66, 16, 0x10001, rate, rate, 0x80001];
  const head = Uint32Array.of(0x46464952, size + 36, 0x45564157, ...format, 0x61746164, size);
  return URL.createObjectURL(new Blob([head, new Uint8Array(size).fill(128)], { type: "audio/wav" }));
}

export async function plays_and_pauses(viewer) {
  await viewer.sit("boat");
  await viewer.play();
  await viewer.watch(2);
  await viewer.pause();
  await sleep(1);
  await viewer.play();
  await viewer.watch(3.5);
}

export async function watches_for_twelve_seconds(viewer) {
  await viewer.sit("boat");
  await viewer.play();
  await viewer.watch(11);
}

export async function seeks_forward_and_back(viewer) {
  await viewer.sit("boat");
  await viewer.play();
  await viewer.watch(2);
  await viewer.seek(15);
  await viewer.watch(17);
  await viewer.seek(1);
  await viewer.watch(3);
  await viewer.pause();
  await viewer.seek(10);
  await sleep(1);
  await viewer.play();
  viewer.from = 10;
  await viewer.watch(11);
}

export async function scrubs(viewer) {
  await viewer.sit("boat");
  await viewer.play();
  await viewer.watch(2);
  await viewer.scrub([4, 7, 9, 14]);
  await viewer.watch(15);
  video.pause(); // in one breath with the seek, as sliders do
  await viewer.scrub([12, 6, 3]);
  await viewer.play();
  await viewer.watch(4.5);
}

export async function keeps_skipping_ahead(viewer) {
  await viewer.sit("boat");
  await viewer.play();
  for (const place of [1, 6.5, 12]) {
    await viewer.watch(place);
    await viewer.seek(video.currentTime + 5);
  }
  await viewer.watch(18);
}

export async function plays_at_double_speed(viewer) {
  await viewer.sit("boat");
  await viewer.play();
  await viewer.watch(1);
  video.playbackRate = 2;
  await viewer.watch(7);
  await once("timeupdate");
  await sleep(0.22); // as long after the last report of the place as can be
  await viewer.seek(14);
  await viewer.watch(17);
  video.playbackRate = 1;
  await viewer.watch(18);
}

export async function replays(viewer) {
  await viewer.sit("morning");
  await viewer.play();
  await viewer.watch(1);
  await viewer.seek(6);
  await once("ended");
  viewer.close(8);
  await sleep(0.5);
  viewer.tell("jump", null, 8, 0, "replay");
  await video.play();
  viewer.from = 0;
  await viewer.watch(1.5);
}

export async function loops(viewer) {
  video.loop = true;
  await viewer.sit("morning");
  await viewer.play();
  await viewer.watch(1);
  await viewer.seek(6);
  await once("seeking");
  viewer.close(8);
  viewer.tell("jump", null, 8, 0, "replay");
  viewer.from = 0;
  await viewer.watch(1.5);
}

export async function attaches_late(viewer) {
  viewer.load("/demo/boat.webm");
  await video.play();
  await until(() => video.currentTime > 1);
  viewer.enter(null);
  viewer.attach({ debug: true });
  viewer.from = video.currentTime;
  await viewer.watch(3);
}

export async function changes_the_quality(viewer) {
  await viewer.sit("boat");
  await viewer.play();
  await viewer.watch(2);
  const position = video.currentTime;
  viewer.load("/demo/boat.mp4");
  await once("loadedmetadata");
  video.currentTime = position;
  await video.play();
  await viewer.watch(4);
}

export async function waits_for_the_network(viewer) {
  video.hidden = false; // Chromium does not wait for pictures that nobody sees
  let began;
  viewer.truth.waited = 0;
  video.addEventListener("waiting", () => (began ??= performance.now()));
  video.addEventListener("playing", () => {
    if (began) viewer.truth.waited += (performance.now() - began) / 1000;
    began = undefined;
  });
  viewer.load("/slow/boat.webm");
  viewer.enter(null);
  viewer.attach();
  video.playbackRate = 2;
  await viewer.play();
  await viewer.watch(0.5);
  await once("waiting");
  await sleep(1.5);
  await fetch("/rest", { method: "PUT", body: "" });
  await viewer.watch(video.currentTime + 1);
}

export async function listens_to_audio(viewer) {
  playIn(document.body.appendChild(document.createElement("audio")));
  viewer.load(silence(20));
  await once("canplaythrough");
  viewer.enter(null);
  viewer.attach();
  await viewer.play();
  await viewer.watch(1);
  await viewer.seek(10);
  await viewer.watch(11);
  await viewer.pause();
}

/** As libraries feed an element that play what comes in pieces. */
export async function plays_a_media_source(viewer) {
  const [pieces, clip] = [new MediaSource(), await (await fetch("/demo/boat.webm")).arrayBuffer()];
  const third = clip.byteLength / 3;
  viewer.load(URL.createObjectURL(pieces));
  viewer.enter(null);
  viewer.attach();
  await new Promise((happen) => pieces.addEventListener("sourceopen", happen, { once: true }));
  const buffer = pieces.addSourceBuffer('video/webm; codecs="vp9"');
  buffer.appendBuffer(clip.slice(0, third));
  await viewer.play();
  await viewer.watch(2);
  await viewer.seek(1);
  await viewer.watch(2);
  const { currentTime } = video;
  video.currentTime = 16; // of which nothing is there yet
  viewer.close(currentTime);
  viewer.tell("jump", null, currentTime, 16, "user");
  await sleep(1);
  buffer.appendBuffer(clip.slice(third));
  await once("seeked");
  viewer.from = 16;
  await viewer.watch(17);
}

export async function gives_a_cause(viewer) {
  let why;
  await viewer.sit("boat", { cause: () => why });
  await viewer.play();
  await viewer.watch(1);
  why = "chapter";
  const seeking = viewer.seek(10, why);
  await seeking;
  why = undefined;
  await viewer.watch(11);
  await viewer.seek(5);
  await viewer.watch(6);
}

export async function removes_the_element(viewer) {
  await viewer.sit("boat");
  await viewer.play();
  await viewer.watch(1);
  const { parentNode } = video;
  video.remove();
  await once("pause");
  await sleep(1);
  parentNode.append(video);
  await viewer.play();
  await viewer.watch(2);
  video.remove(); // for good
}

export async function detaches(viewer) {
  await viewer.sit("boat");
  await viewer.play();
  await viewer.watch(1);
  viewer.close();
  if (!(await viewer.player.detach())) throw new Error("not all was stored");
  video.currentTime = 10;
  viewer.player.choose("elsewhere");
  viewer.player.report("remark");
  await sleep(1);
}
