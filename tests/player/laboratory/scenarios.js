// What viewers and pages do with any player. Scenarios only act; the recorder notes what happens.

import { recorder } from "/laboratory/recorder.js"; // first: it wraps currentTime before players use it

const given = Object.fromEntries(new URLSearchParams(location.search));
const thrown = [];
const logged = [];
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
const room = document.getElementById("room");
const sleep = (seconds) => new Promise((wake) => setTimeout(wake, seconds * 1000));
const isOpened = location.hash === "#second";
const outcome = { refused: [], stopped: [] };

async function until(condition, seconds = 25) {
  const deadline = performance.now() + seconds * 1000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited ${seconds} s for ${condition}, at ${video()?.currentTime}`);
    await sleep(0.02);
  }
}

function busy(seconds) {
  const deadline = performance.now() + seconds * 1000;
  while (performance.now() < deadline);
}

let film;
let player;
const video = () => film.video();
const quietly = (promise) => promise?.catch?.(() => {});
const act = {
  load: (clip, prefix) => quietly(film.load(clip, prefix)),
  play: () => quietly(film.play ? film.play() : video().play()),
  pause: () => (film.pause ? film.pause() : video().pause()),
  rate: (rate) => (film.rate ? film.rate(rate) : (video().playbackRate = rate)),
  seek: (place) => (film.seek ? film.seek(place) : (video().currentTime = place)),
};

/** Attach player.js as a page would. */
function follow(options, target = film.target) {
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

async function ready() {
  await until(() => video()?.readyState > 2 || (video()?.readyState > 0 && given.player === "react-player"));
  await sleep(0.1);
}

async function sit(options, clip = "a", prefix) {
  await act.load(clip, prefix);
  await ready();
  recorder.node = options?.node ?? null;
  follow(options);
}

const isAt = (place) => () => !video().seeking && video().currentTime >= place;
const watch = (place) => until(isAt(place));

async function seek(place) {
  act.seek(place);
  await until(() => !video().seeking && Math.abs(video().currentTime - place) < 1.5);
}

async function start() {
  for (let tries = 0; tries < 20 && video().paused; tries++) {
    act.play(); // some players do nothing until they have loaded
    await sleep(0.3);
  }
  await until(() => !video().paused && video().currentTime > 0.05);
}

/** Load another film, and tell the recorder which node it is, in the same task. */
function turn(node, clip) {
  recorder.look();
  recorder.node = node;
  act.load(clip);
}

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

async function standstill() {
  for (let place = -1; ; await sleep(0.25)) {
    if (!video().seeking && place === (place = video().currentTime)) return place;
  }
}

/** Open this scenario in a second window; isOpened is true there. */
const open = () => window.open(`${location.href}#second`, "_blank", "popup,width=200,height=200");

async function begin(place = 1.5, options) {
  await sit(options);
  await start();
  await watch(place);
}

const scenarios = {
  async through() {
    await sit(undefined, "b");
    await start();
    await until(() => video().ended);
  },

  async seeks() {
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
  },

  /** Seeks without events and with `seeking` false, as in Firefox at the seam of a loop and on busy pages. */
  async silent_seeks() {
    for (const type of ["seeking", "seeked"]) {
      addEventListener(type, (event) => event.stopImmediatePropagation(), { capture: true });
    }
    Object.defineProperty(video(), "seeking", { value: false });
    await begin();
    await seek(10);
    await watch(11.5);
    await seek(3);
    await watch(4.5);
  },

  /** readyState stays 2 after a seek, as in WebKitGTK. */
  async low_ready_state() {
    await begin();
    const { get } = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, "readyState");
    Object.defineProperty(video(), "readyState", { get: () => Math.min(2, get.call(video())), configurable: true });
    await seek(10);
    await watch(12);
    act.rate(2);
    await watch(14);
    outcome.buffering = 0;
  },

  async scrub() {
    await begin();
    for (const place of [4, 6, 9, 12]) {
      act.seek(place);
      await sleep(0.1);
    }
    await watch(13.2);
  },

  async double_speed() {
    await begin(1);
    act.rate(2);
    await watch(4.5);
    await seek(10);
    await watch(12.5);
    act.rate(1);
    await watch(13.5);
  },

  async pause() {
    await begin();
    act.pause();
    await sleep(1);
    act.play();
    await watch(3);
  },

  async replay() {
    await sit(undefined, "b");
    await start();
    await watch(1);
    await seek(6);
    await until(() => video().ended);
    await sleep(0.4);
    if (given.player === "dashjs") act.seek(0); // its play() does not start over
    act.play();
    await until(() => video().currentTime < 3 && video().currentTime > 1.3);
  },

  async loop() {
    await sit(undefined, "b");
    video().loop = true;
    act.rate(2);
    await start();
    for (let round = 0; round < 2; round++) {
      await watch(6);
      await until(() => video().currentTime < 3);
    }
    await watch(1.5);
  },

  async quality() {
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
  },

  async stall() {
    await act.load("a", "/slow");
    await until(() => video()?.readyState > 0);
    follow();
    act.rate(2);
    act.play();
    await until(() => video().currentTime > 1, 20);
    const before = await standstill();
    await fetch("/rest", { method: "PUT", body: "" });
    await watch(before + 1.5);
  },

  /** Shaka sets the rate to 0 while it has nothing to play. */
  async stall_at_rate_0() {
    await begin();
    video().playbackRate = 0;
    await sleep(1.5);
    video().playbackRate = 1;
    await watch(3);
    outcome.buffering = 1.5;
  },

  async playlist() {
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
  },

  async choose_playing() {
    await begin(1.5, { node: "one" });
    player.choose("two", { option: "Go" });
    turn("two", "b");
    await ready();
    await start();
    await watch(1.5);
  },

  async choose_paused() {
    await begin(1.5, { node: "one" });
    act.pause();
    await sleep(0.4);
    player.choose("two");
    await sleep(1);
    turn("two", "b");
    await ready();
    await start();
    await watch(1.5);
  },

  async choose_early() {
    await begin(1.5, { node: "one" });
    player.choose("two", { option: "Go" });
    await watch(3.5);
    turn("two", "b");
    await ready();
    await start();
    await watch(1.5);
  },

  async choose_late() {
    await begin(1.5, { node: "one" });
    turn("two", "b");
    await ready();
    player.choose("two");
    await start();
    await watch(1.5);
  },

  async choose_late_paused() {
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
  },

  async enter_late() {
    await begin(1.5, { node: "one" });
    turn("two", "b");
    await ready();
    await start();
    await until(() => video().currentTime > 0.2);
    player.enter("two");
    await watch(1.5);
  },

  async unmount() {
    await begin();
    recorder.look();
    if (film.unmount) film.unmount();
    else room.replaceChildren();
    await sleep(0.7);
  },

  async renew() {
    await begin(1.5, { node: "one" });
    recorder.look();
    film.renew();
    recorder.node = "two";
    player.enter("two");
    await ready();
    await start();
    await watch(1.5);
  },

  async attach_before_metadata() {
    for (const type of ["loadedmetadata", "canplay"]) document.addEventListener(type, () => busy(0.8), { capture: true, once: true });
    follow();
    act.load("a");
    act.play();
    await until(() => video()?.readyState > 2);
    await start();
    await watch(3);
    await seek(6);
    await watch(7);
  },

  async attach_twice() {
    await begin();
    const first = player;
    follow();
    if (player !== first) outcome.fault = "two players for one element";
    await watch(3);
  },

  async leave_during_a_seek() {
    await act.load("a", "/slow");
    await until(() => video()?.readyState > 0);
    follow();
    await start();
    await watch(1.5);
    act.seek(20); // which has not been loaded
    await sleep(1);
  },

  async leave_before_a_seek_is_heard() {
    await begin();
    act.seek(12);
    player.detach();
  },

  /** Events are handled late. */
  async busy_page() {
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
  },

  async busy_again_and_again() {
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
  },

  async reload() {
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
  },

  async closed_tab() {
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
    open();
    await until(() => localStorage.closed);
    await act.load("a");
    follow(); // plays nothing, and sends what the closed tab left
    await sleep(1);
  },

  async hidden_tab() {
    await begin();
    const tab = window.open("about:blank", "_blank");
    await sleep(3);
    outcome.wasHidden = document.hidden;
    tab?.close();
    await watch(6);
  },

  async two_elements() {
    await begin();
    act.pause();
    await sleep(0.4);
    const first = [film, player];
    film = await make(room.parentNode.appendChild(document.createElement("div")));
    await sit();
    await seek(10);
    await start();
    await watch(11.5);
    recorder.look();
    act.pause();
    await sleep(0.4);
    await player.flush();
    [film, player] = first;
    act.play();
    await watch(3);
  },

  /** The second begins while the first still plays. */
  async two_elements_at_once() {
    await begin();
    const first = [film, player];
    film = await make(room.parentNode.appendChild(document.createElement("div")));
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
  },

  async two_tabs() {
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
  },

  async takeover() {
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
  },

  /** Before the film, and in the middle of it. */
  async ads() {
    follow();
    const { tell } = film;
    tell?.(player);
    const show = async (place) => {
      recorder.look();
      recorder.isAd = true;
      if (!tell) player.adStart();
      if (film.ad) film.ad();
      else act.load("ad");
      await ready();
      act.play();
      await until(() => video().currentTime > 1.2);
      if (tell) film.endAd();
      else {
        player.adEnd();
        act.load("a");
        await until(() => video().readyState > 0 && video().duration > 20);
        if (place) act.seek(place);
      }
      await until(() => video().duration > 20 && !video().seeking && video().readyState > 2);
      await until(() => Math.abs(video().currentTime - place) < 1);
      recorder.isAd = false;
      act.play();
    };
    if (tell) {
      await act.load("a");
      await ready();
    } else await show(0);
    act.play();
    await watch(2);
    await show(video().currentTime);
    await watch(4);
  },

  async live() {
    await tuneIn(film.live);
    await watch(video().currentTime + 5);
    outcome.isLive = true;
  },

  async live_since_1970() {
    await tuneIn(film.liveSince1970);
    await watch(video().currentTime + 3);
    outcome.isLive = true;
  },

  /** The viewer pauses until the live window has passed; then the player seeks to the live edge by itself. */
  async falls_behind_live() {
    await tuneIn(film.live);
    await watch(video().currentTime + 5);
    act.pause();
    await sleep(12);
    act.play();
    await leap();
    await watch(video().currentTime + 2);
    outcome.isLive = true;
    outcome.isAuto = true;
  },

  /** Players seek over a gap that is never filled. */
  async gap_jump() {
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
  },
};

try {
  film = await make(room);
  await scenarios[given.scenario]();
  recorder.look();
  recorder.isOff = true;
  player.detach();
  const deadline = performance.now() + 15e3;
  while (!(await player.flush()) && !outcome.stopped.length && performance.now() < deadline) await sleep(0.1);
} catch (fault) {
  outcome.fault = `${fault.stack ?? fault}`;
}
await fetch("/outcome", {
  method: "PUT",
  body: JSON.stringify({ ...outcome, samples: recorder.samples(), thrown, logged }),
});
location.replace("about:blank"); // plays and loads nothing more, for the sake of the other pages
