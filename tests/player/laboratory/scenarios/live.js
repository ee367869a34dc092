// Live streams.

import { act, busy, film, follow, outcome, sleep, start, until, video, watch } from "/laboratory/scene.js";

async function tuneIn(open) {
  open();
  follow({ pingSeconds: 1 }); // so that the growing duration is reported
  await start();
}

/** Wait until the position is one that playing cannot have reached. */
async function leap() {
  let before = video().currentTime;
  await until(() => Math.abs(before - (before = video().currentTime)) > 1);
}

export async function live() {
  await tuneIn(film.live);
  await watch(video().currentTime + 5);
  outcome.isLive = true;
}

/** The player's first seek, to the live edge, is over before its events are handled. */
export async function live_on_a_busy_page() {
  film.live();
  follow({ pingSeconds: 1 });
  act.play();
  for (let round = 0; round < 12; round++) {
    busy(0.5);
    await sleep(0.02);
  }
  await start();
  await watch(video().currentTime + 2);
  outcome.isLive = true;
}

export async function live_since_1970() {
  await tuneIn(film.liveSince1970);
  await watch(video().currentTime + 3);
  outcome.isLive = true;
}

/** The viewer pauses until the live window has passed; then the player seeks to the live edge by itself. */
export async function falls_behind_live() {
  await tuneIn(film.live);
  await watch(video().currentTime + 5);
  act.pause();
  await sleep(12);
  act.play();
  await leap();
  await watch(video().currentTime + 2);
  outcome.isLive = true;
  outcome.isAuto = true;
}
