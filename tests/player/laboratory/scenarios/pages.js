// Busy pages, reloads and tabs.

import { recorder } from "/laboratory/recorder.js";
import {
  act,
  begin,
  busy,
  follow,
  given,
  isOpened,
  open,
  outcome,
  player,
  seek,
  sit,
  sleep,
  start,
  until,
  watch,
} from "/laboratory/scene.js";

/** Events are handled late. */
export async function busy_page() {
  await begin();
  act.seek(8);
  busy(1.5);
  await watch(10);
  act.seek(3);
  busy(1);
  await watch(5);
  act.pause();
  busy(0.8);
  await sleep(0.3);
  act.play();
  busy(0.8);
  await watch(7);
}

export async function busy_again_and_again() {
  let isOn = true;
  await begin();
  const labour = (async () => {
    while (isOn) {
      busy(0.35);
      await sleep(0.03);
    }
  })();
  await watch(5);
  act.seek(15);
  await watch(18);
  isOn = false;
  await labour;
  await sleep(0.3);
}

export async function reload() {
  if (!sessionStorage.reloaded) {
    sessionStorage.reloaded = 1;
    await begin();
    recorder.look();
    location.reload();
    return sleep(60);
  }
  await sit();
  await seek(6);
  await start();
  await watch(7.5);
}

export async function closed_tab() {
  if (isOpened) {
    await begin();
    await seek(8);
    await watch(9);
    recorder.look();
    recorder.keep();
    localStorage.closed = 1;
    window.close();
    return sleep(60);
  }
  const tab = open();
  await until(() => localStorage.closed && tab.closed); // it plays until it is
  await sleep(0.5);
  await act.load("a");
  follow(); // plays nothing, and sends what the closed tab left
  await sleep(1);
}

export async function hidden_tab() {
  await begin();
  const tab = window.open("about:blank", "_blank");
  await sleep(3);
  outcome.wasHidden = document.hidden;
  tab?.close();
  await watch(6);
}

export async function two_tabs() {
  if (isOpened) {
    await sit();
    await seek(10);
    await start();
    await watch(11.5);
    act.pause();
    await sleep(0.3);
    recorder.keep();
    await player.flush();
    localStorage.closed = 1;
    return sleep(60);
  }
  await begin();
  act.pause();
  await sleep(0.3);
  const tab = open();
  await until(() => localStorage.closed);
  act.play();
  await watch(3);
  tab.close();
  await sleep(0.5);
  await watch(4);
}

export async function takeover() {
  if (isOpened) {
    await sit();
    await seek(10);
    await start();
    await watch(12);
    act.pause();
    await sleep(0.3);
    recorder.keep();
    await player.flush();
    localStorage.closed = 1;
    return sleep(60);
  }
  await begin();
  open();
  await new Promise((happen) => addEventListener("storage", ({ key }) => key.endsWith(given.session) && happen()));
  recorder.look();
  recorder.isOff = true; // the viewer watches the other tab
  await until(() => localStorage.closed);
  act.pause();
  await sleep(0.3);
}
