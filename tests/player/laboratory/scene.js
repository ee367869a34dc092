// What every scenario has: a film, what plays it, and player.js attached to it.

import { recorder } from "/laboratory/recorder.js"; // first: it wraps currentTime before players use it

export const given = Object.fromEntries(new URLSearchParams(location.search));
export const thrown = [];
export const logged = [];
for (const name of ["debug", "log", "info", "warn", "error"]) {
  const own = console[name];
  console[name] = (...what) => (new Error().stack.includes("/player.js:") ? logged.push(`${name} ${what}`) : own(...what));
}
for (const type of ["error", "unhandledrejection"]) {
  addEventListener(type, (event) => {
    const fault = event.reason ?? event.error;
    if (`${fault?.stack}`.includes("/player.js:")) thrown.push(`${fault.stack}`);
  });
}

const { attach } = await import("/player.js");
const { make } = await import(`/laboratory/players/${given.player}.js`);
export const room = document.getElementById("room");
export const sleep = (seconds) => new Promise((wake) => setTimeout(wake, seconds * 1000));
export const isWebkit = !/Chrome|Firefox/.test(navigator.userAgent);
export const isOpened = location.hash === "#second";
export const outcome = { refused: [], stopped: [] };

/** Return what tells why an element does not go on. */
function state(element) {
  if (!element) return "no element";
  const { currentTime, duration, readyState, networkState, paused, seeking, ended, playbackRate, buffered, error } = element;
  const ranges = Array.from(buffered, (_, place) => [buffered.start(place), buffered.end(place)].join("–")).join();
  return JSON.stringify({ currentTime, duration, readyState, networkState, paused, seeking, ended, playbackRate, ranges, error: error?.message });
}

export async function until(condition, seconds = 25) {
  const deadline = performance.now() + seconds * 1000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited ${seconds} s for ${condition}, with ${state(video())}`);
    await sleep(0.02);
  }
}

export function busy(seconds) {
  const deadline = performance.now() + seconds * 1000;
  while (performance.now() < deadline);
}

export let film;
export let player;

/** Make a film, the first one or another beside it. */
export async function makeFilm(home = room.parentNode.appendChild(document.createElement("div"))) {
  film = await make(home);
}

/** Go on with another film, and what follows it. */
export function turnTo(otherFilm, otherPlayer) {
  [film, player] = [otherFilm, otherPlayer];
}

export const video = () => film.video();
const quietly = (promise) => promise?.catch?.(() => {});
export const act = {
  load: (clip, prefix) => quietly(film.load(clip, prefix)),
  play: () => quietly(film.play ? film.play() : video().play()),
  pause: () => (film.pause ? film.pause() : video().pause()),
  rate: (rate) => (film.rate ? film.rate(rate) : (video().playbackRate = rate)),
  seek: (place) => (film.seek ? film.seek(place) : (video().currentTime = place)),
};

/** Attach player.js as a page would. */
export function follow(options, target = film.target) {
  player = attach(target, {
    url: given.url ?? location.origin,
    session: given.session,
    token: given.token,
    batchSeconds: 0.5,
    onRefused: (event, problem) => outcome.refused.push([event.type, problem.status]),
    onStop: (reason) => outcome.stopped.push(`${reason.status}`),
    ...options,
  });
  return player;
}

export async function ready() {
  await until(() => video()?.readyState > 2 || (video()?.readyState > 0 && given.player === "react-player"));
  await sleep(0.1);
}

export async function sit(options, clip = "a", prefix) {
  await act.load(clip, prefix);
  await ready();
  recorder.node = options?.node ?? null;
  follow(options);
}

const isAt = (place) => () => !video().seeking && video().currentTime >= place;
export const watch = (place) => until(isAt(place));

export async function seek(place) {
  act.seek(place);
  await until(() => !video().seeking && Math.abs(video().currentTime - place) < 1.5);
}

export async function start() {
  for (let tries = 0; tries < 20 && video().paused; tries++) {
    act.play(); // some players do nothing until they have loaded
    await sleep(0.3);
  }
  await until(() => !video().paused && video().currentTime > 0.05);
}

export async function standstill() {
  for (let place = -1; ; await sleep(0.25)) {
    if (!video().seeking && place === (place = video().currentTime)) return place;
  }
}

/** Open this scenario in a second window; isOpened is true there. */
export const open = () => window.open(`${location.href}#second`, "_blank", "popup,width=200,height=200");

export async function begin(place = 1.5, options) {
  await sit(options);
  await start();
  await watch(place);
}
