// Elements that come, go and are replaced, and players that are attached and detached.

import { recorder } from "/laboratory/recorder.js";
import {
  act,
  begin,
  busy,
  film,
  follow,
  makeFilm,
  outcome,
  player,
  ready,
  room,
  seek,
  sit,
  sleep,
  start,
  turnTo,
  until,
  video,
  watch,
} from "/laboratory/scene.js";

export async function unmount() {
  await begin();
  recorder.look();
  if (film.unmount) film.unmount();
  else room.replaceChildren();
  await sleep(0.7);
}

export async function renew() {
  await begin(1.5, { node: "one" });
  recorder.look();
  film.renew();
  recorder.node = "two";
  player.enter("two");
  await ready();
  await start();
  await watch(1.5);
}

export async function attach_before_metadata() {
  for (const type of ["loadedmetadata", "canplay"]) document.addEventListener(type, () => busy(0.8), { capture: true, once: true });
  follow();
  act.load("a");
  act.play();
  await until(() => video()?.readyState > 2);
  await start();
  await watch(3);
  await seek(6);
  await watch(7);
}

export async function attach_twice() {
  await begin();
  const first = player;
  follow();
  if (player !== first) outcome.fault = "two players for one element";
  await watch(3);
}

export async function leave_during_a_seek() {
  await act.load("a", "/slow");
  await until(() => video()?.readyState > 0);
  follow();
  await start();
  await watch(1.5);
  act.seek(20); // which has not been loaded
  await sleep(1);
}

export async function leave_before_a_seek_is_heard() {
  await begin();
  act.seek(12);
  player.detach();
}

export async function two_elements() {
  await begin();
  act.pause();
  await sleep(0.4);
  const first = [film, player];
  await makeFilm();
  await sit();
  await seek(10);
  await start();
  await watch(11.5);
  recorder.look();
  act.pause();
  await sleep(0.4);
  await player.flush();
  turnTo(...first);
  act.play();
  await watch(3);
}

/** The second begins while the first still plays. */
export async function two_elements_at_once() {
  await begin();
  const first = [film, player];
  await makeFilm();
  await act.load("a");
  await ready();
  act.seek(10);
  await sleep(0.1);
  await until(() => !video().seeking);
  follow();
  recorder.look();
  video().play();
  recorder.others.add(first[0].video()); // the viewer watches the second; the first plays on unwatched
  await watch(11.5);
  first[1].detach();
  await watch(12.5);
}

/** As a window of its own for the picture does, and a small player in a corner. */
export async function moved() {
  await begin();
  const frame = document.body.appendChild(document.createElement("iframe"));
  const element = video();
  recorder.look();
  frame.contentDocument.body.append(element);
  await sleep(0.5);
  recorder.look();
  room.append(element);
  act.play();
  await watch(3);
  const corner = document.body.appendChild(document.createElement("div"));
  corner.append(element);
  act.play();
  await watch(4.5);
}

/** Another element in the place to which the first was moved. */
export async function renew_after_a_move() {
  await begin();
  const corner = document.body.appendChild(document.createElement("div"));
  const element = video();
  corner.append(element);
  act.play();
  await watch(3);
  recorder.look();
  const other = element.cloneNode();
  corner.replaceChildren(other);
  other.currentTime = 8;
  await until(() => other.readyState > 2 && !other.seeking);
  await other.play();
  await until(() => other.currentTime > 10);
}

/** A custom element that is defined after it came, as where scripts are loaded late. */
export async function renew_by_a_late_element() {
  await sit(undefined, "a");
  player.detach();
  follow({}, room);
  await start();
  await watch(1.5);
  recorder.look();
  room.innerHTML = "<late-video></late-video>";
  await sleep(1);
  customElements.define(
    "late-video",
    class extends HTMLElement {
      connectedCallback() {
        this.attachShadow({ mode: "open" }).innerHTML = `<video muted preload="auto" src="/demo/boat.webm"></video>`;
      }
    },
  );
  const other = room.firstChild.shadowRoot.firstChild;
  other.muted = true;
  await until(() => other.readyState > 2);
  await sleep(1);
  other.currentTime = 8;
  await other.play();
  await until(() => other.currentTime > 10);
}
