// What viewers do in the tests, each script a viewer of its own, and the truth about it: noted from the element itself,
// at the moment in which it is done. Which script is played stands in the page's address.

const { attach } = await import("/player.js");
const given = Object.fromEntries(new URLSearchParams(location.search));
let video = document.querySelector("video");
const sleep = (seconds) => new Promise((wake) => setTimeout(wake, seconds * 1000));
const once = (type) => new Promise((happen) => video.addEventListener(type, happen, { once: true }));
const fault = (name) => fetch("/fault", { method: "PUT", body: name });

/** A recording of nothing: RIFF, WAVE, a format of one byte a sample, its data. */
function silence(seconds, rate = 8000) {
  const size = seconds * rate;
  const format = [0x20746d66, 16, 0x10001, rate, rate, 0x80001];
  const head = Uint32Array.of(0x46464952, size + 36, 0x45564157, ...format, 0x61746164, size);
  return URL.createObjectURL(new Blob([head, new Uint8Array(size).fill(128)], { type: "audio/wav" }));
}

async function until(condition, seconds = 30) {
  const deadline = Date.now() + seconds * 1000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`waited ${seconds} s for ${condition}`);
    await sleep(0.015);
  }
}

/** Someone who watches, and knows what was seen. */
class Viewer {
  truth = { story: [], refused: [], stopped: [], reported: 0 };
  node = null;
  from = undefined; // where the open stretch began

  async sit(clip, { node, format = "webm", ...options } = {}) {
    this.load(`/demo/${clip}.${format}`);
    await once("canplaythrough");
    this.enter(node ?? null);
    this.attach({ node, ...options });
  }

  load(source) {
    video.src = source;
  }

  attach(options) {
    this.player = attach(video, {
      url: given.url ?? location.origin,
      session: given.session,
      token: given.token,
      batchSeconds: 0.5,
      onRefused: (event, problem) => this.truth.refused.push([event.type, problem.status]),
      onStop: (reason) => this.truth.stopped.push(reason.status),
      debug: (type) => typeof type === "string" && /^[a-zA-Z]+$/.test(type) && this.truth.reported++,
      ...options,
    });
  }

  enter(node) {
    this.node = node;
    this.tell("node", node);
  }

  tell(...part) {
    this.truth.story.push(part);
  }

  close(position = video.currentTime) {
    if (this.from !== undefined) this.tell("segment", this.node, this.from, position);
    this.from = undefined;
  }

  async play() {
    const from = video.currentTime;
    await video.play();
    this.from ??= from;
  }

  async watch(position) {
    await until(() => video.currentTime >= position);
  }

  async pause() {
    video.pause();
    await once("pause");
  }

  async seek(to, cause = "user") {
    const from = video.currentTime;
    const wasOpen = this.from !== undefined;
    video.currentTime = to;
    this.close(from);
    this.tell("jump", this.node, from, to, cause);
    await once("seeked");
    if (wasOpen) this.from = to;
  }

  async scrub(places) {
    const from = video.currentTime;
    this.close(from);
    this.tell("jump", this.node, from, places.at(-1), "user");
    for (const place of places) {
      video.currentTime = place;
      await sleep(+given.gap || 0.1);
    }
    this.from = places.at(-1);
  }

  branch(node, cause, option) {
    this.close();
    this.tell("edge", this.node, node, option ?? null, cause);
    this.enter(node);
  }

  async choose(node, option) {
    this.branch(node, "choice", option);
    this.player.choose(node, { option });
    this.load(`/demo/${node}.webm`);
    await this.play();
    this.from = 0;
  }

  /** Note what was seen when the page goes: it plays on until then. */
  keepLast(storage, name) {
    const keep = () => {
      this.close();
      storage[name] = JSON.stringify(this.truth);
    };
    addEventListener("pagehide", keep, { once: true });
  }

  async finish() {
    this.close();
    this.player.detach();
    while (!(await this.player.flush()) && !this.truth.stopped.length) await sleep(0.1);
    return this.truth;
  }
}

const scripts = {
  async plays_and_pauses(viewer) {
    await viewer.sit("boat");
    await viewer.play();
    await viewer.watch(2);
    await viewer.pause();
    await sleep(1);
    await viewer.play();
    await viewer.watch(3.5);
  },

  async watches_for_twelve_seconds(viewer) {
    await viewer.sit("boat");
    await viewer.play();
    await viewer.watch(11);
  },

  async seeks_forward_and_back(viewer) {
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
  },

  async scrubs(viewer) {
    await viewer.sit("boat");
    await viewer.play();
    await viewer.watch(2);
    await viewer.scrub([4, 7, 9, 14]);
    await viewer.watch(15);
    video.pause(); // in one breath with the seek, as sliders do
    await viewer.scrub([12, 6, 3]);
    await viewer.play();
    await viewer.watch(4.5);
  },

  async keeps_skipping_ahead(viewer) {
    await viewer.sit("boat");
    await viewer.play();
    for (const place of [1, 6.5, 12]) {
      await viewer.watch(place);
      await viewer.seek(video.currentTime + 5);
    }
    await viewer.watch(18);
  },

  async plays_at_double_speed(viewer) {
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
  },

  async chooses_and_goes_back(viewer) {
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
  },

  async branches_inside_one_file(viewer) {
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
  },

  async goes_on_without_a_break(viewer) {
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
  },

  async enters_the_next_part_at_the_end(viewer) {
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
  },

  async replays(viewer) {
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
  },

  async loops(viewer) {
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
  },

  async attaches_late(viewer) {
    viewer.load("/demo/boat.webm");
    await video.play();
    await until(() => video.currentTime > 1);
    viewer.enter(null);
    viewer.attach({ debug: true });
    viewer.from = video.currentTime;
    await viewer.watch(3);
  },

  async changes_the_quality(viewer) {
    await viewer.sit("boat");
    await viewer.play();
    await viewer.watch(2);
    const position = video.currentTime;
    viewer.load("/demo/boat.mp4");
    await once("loadedmetadata");
    video.currentTime = position;
    await video.play();
    await viewer.watch(4);
  },

  async waits_for_the_network(viewer) {
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
  },

  async listens_to_audio(viewer) {
    video = document.body.appendChild(document.createElement("audio"));
    viewer.load(silence(20));
    await once("canplaythrough");
    viewer.enter(null);
    viewer.attach();
    await viewer.play();
    await viewer.watch(1);
    await viewer.seek(10);
    await viewer.watch(11);
    await viewer.pause();
  },

  /** As libraries feed an element that play what comes in pieces. */
  async plays_a_media_source(viewer) {
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
  },

  async reports_a_choice_late(viewer) {
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
  },

  async detaches(viewer) {
    await viewer.sit("boat");
    await viewer.play();
    await viewer.watch(1);
    viewer.close();
    if (!(await viewer.player.detach())) throw new Error("not all was stored");
    video.currentTime = 10;
    viewer.player.choose("elsewhere");
    viewer.player.report("remark");
    await sleep(1);
  },

  async gives_a_cause(viewer) {
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
  },

  async reloads(viewer) {
    const before = JSON.parse(sessionStorage.truth ?? "null");
    if (!before) {
      await viewer.sit("harbour", { node: "harbour" });
      await viewer.play();
      await viewer.watch(1);
      await viewer.choose("boat", "Go");
      await viewer.watch(2);
      viewer.keepLast(sessionStorage, "truth");
      location.reload();
      return sleep(60);
    }
    await viewer.sit("boat", { node: "boat" });
    viewer.truth = { ...before, reported: 0 };
    video.currentTime = 2;
    await once("seeked");
    await viewer.play();
    viewer.from = 2;
    await viewer.watch(4);
  },

  async starts_over_after_a_reload(viewer) {
    const before = JSON.parse(sessionStorage.truth ?? "null");
    await viewer.sit("harbour", { node: "harbour" });
    if (!before) {
      await viewer.play();
      await viewer.watch(1);
      await viewer.choose("boat", "Go");
      await viewer.watch(1);
      viewer.keepLast(sessionStorage, "truth");
      location.reload();
      return sleep(60);
    }
    viewer.truth = { ...before, reported: 0 };
    viewer.node = "boat";
    viewer.branch("harbour", "start");
    await viewer.play();
    await viewer.watch(1);
  },

  async closes_the_tab(viewer) {
    if (!opener) {
      window.open(location.href, "_blank", "popup,width=200,height=200");
      await until(() => localStorage.closed);
      viewer.truth = JSON.parse(localStorage.closed);
      return "as it is";
    }
    await viewer.sit("boat", { batchSeconds: 60, token: () => sleep(0.2).then(() => given.token) });
    await viewer.play();
    await viewer.watch(2);
    await viewer.seek(8);
    await viewer.watch(9);
    viewer.keepLast(localStorage, "closed");
    window.close();
    return sleep(60);
  },

  async closes_the_tab_while_the_server_is_away(viewer) {
    if (!opener) {
      await fault("away");
      window.open(location.href, "_blank", "popup,width=200,height=200");
      await until(() => Object.values(localStorage).some((text) => text.includes("sessionEnd")));
      await sleep(0.5);
      await fault("none");
      viewer.attach(); // plays nothing, but sends what the closed one left
      viewer.truth = JSON.parse(localStorage.closed);
      return undefined;
    }
    return scripts.closes_the_tab(viewer);
  },

  async has_a_second_tab(viewer) {
    if (!opener) {
      await viewer.sit("boat");
      await viewer.play();
      await viewer.watch(2);
      await viewer.pause();
      viewer.close();
      const tab = window.open(location.href, "_blank", "popup,width=200,height=200");
      await until(() => localStorage.second);
      viewer.truth.story.push(...JSON.parse(localStorage.second).story.slice(1));
      await viewer.play();
      await viewer.watch(4);
      tab.close(); // it has nothing to say any more
      await sleep(0.5);
      await viewer.watch(5);
      return undefined;
    }
    await viewer.sit("boat");
    video.currentTime = 12;
    await once("seeked");
    await viewer.play();
    await viewer.watch(14);
    await viewer.pause();
    viewer.close();
    localStorage.second = JSON.stringify(viewer.truth);
    return sleep(60);
  },

  async has_events_left_of_an_earlier_session(viewer) {
    const left = (session, id, timestamp) => {
      const text = JSON.stringify({ eventId: id, type: "play", timestamp, data: { position: 1 } });
      localStorage[`videosession ${location.origin} ${session} ${id}`] = text;
    };
    left(given.earlier, "left:0", new Date(Date.now() - 3600e3).toISOString());
    left("0".repeat(32), "left:0", new Date().toISOString()); // nobody gives a token for it any more
    left(given.earlier, "left:1", "2026-01-01T00:00:00.000Z"); // older than a week
    left(given.earlier, "left:2", "in ruins");
    const tokens = { [given.session]: given.token, [given.earlier]: given.earlierToken };
    await viewer.sit("boat", { token: (session) => tokens[session] });
    await viewer.play();
    await viewer.watch(2);
    await until(() => !Object.keys(localStorage).some((key) => key.includes(given.earlier)));
  },

  async reports_many_events(viewer) {
    await viewer.sit("boat");
    await viewer.play();
    await fault("503");
    for (let index = 0; index < 900; index++) viewer.player.report("remark", { index, text: "ä".repeat(50) });
    viewer.player.report("speech", { text: "ä".repeat(40e3) }); // more than may outlive a page
    await viewer.watch(1);
    await fault("none");
    await viewer.watch(3);
  },

  async closes_the_tab_with_many_events_waiting(viewer) {
    if (!opener) {
      window.open(location.href, "_blank", "popup,width=200,height=200");
      await until(() => localStorage.closed);
      viewer.attach(); // and sends what was more than may outlive a page
      viewer.truth = JSON.parse(localStorage.closed);
      return undefined;
    }
    await viewer.sit("boat", { batchSeconds: 60 });
    await viewer.play();
    await viewer.watch(1);
    await viewer.player.flush();
    for (let index = 0; index < 400; index++) viewer.player.report("remark", { index, text: "ä".repeat(100) });
    viewer.keepLast(localStorage, "closed");
    window.close();
    return sleep(60);
  },

  async hides_the_page(viewer) {
    await viewer.sit("boat", { batchSeconds: 60, debug: undefined });
    await viewer.play();
    await viewer.watch(2);
    Object.defineProperty(document, "hidden", { value: true });
    const isLeft = () => Object.keys(localStorage).some((key) => key.split(" ").length > 3);
    await until(() => !isLeft());
    document.dispatchEvent(new Event("visibilitychange"));
    if (!isLeft()) throw new Error("nothing was reported");
    await until(() => !isLeft());
    await viewer.watch(3);
  },

  async comes_back_to_a_cached_page(viewer) {
    if (performance.getEntriesByType("navigation")[0].type === "back_forward") return "as it is"; // it was not
    viewer.truth.isKept = true;
    await viewer.sit("boat", { node: "boat" });
    await viewer.play();
    await viewer.watch(2);
    viewer.keepLast(sessionStorage, "unused");
    const back = new Promise((happen) => addEventListener("pageshow", happen, { once: true }));
    location.href = "/back";
    await back; // and it plays on by itself
    await until(() => !video.paused);
    viewer.from = video.currentTime;
    await viewer.watch(4);
  },

  async opens_a_second_tab_and_leaves_it_alone(viewer) {
    await viewer.sit("boat");
    if (opener) {
      localStorage.second = "is there";
      return sleep(60);
    }
    await viewer.play();
    window.open(location.href, "_blank", "popup,width=200,height=200");
    await until(() => localStorage.second);
    await viewer.watch(video.currentTime + 1);
  },

  async plays_in_two_tabs(viewer) {
    await viewer.sit("boat", { pingSeconds: 0.3 });
    await viewer.play();
    await viewer.watch(1);
    if (opener) {
      await viewer.watch(3);
      localStorage.second = JSON.stringify(await viewer.finish());
      return sleep(60);
    }
    window.open(location.href, "_blank", "popup,width=200,height=200");
    await new Promise((happen) => addEventListener("storage", happen, { once: true })); // it plays
    viewer.close(); // and one looks there, whatever goes on here
    await until(() => localStorage.second);
    viewer.truth.story.push(...JSON.parse(localStorage.second).story.slice(1));
    await viewer.pause();
    await viewer.seek(10);
    await viewer.play();
    viewer.from = 10;
    await viewer.watch(12);
  },

  async removes_the_element(viewer) {
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
  },

  async has_no_storage(viewer) {
    const forbid = () => {
      throw new Error("forbidden");
    };
    Object.defineProperty(window, "localStorage", { get: forbid });
    await scripts.chooses_and_goes_back(viewer);
  },

  async loses_the_network(viewer) {
    await viewer.sit("boat", { pingSeconds: 1 });
    await viewer.play();
    await viewer.watch(1);
    await fault("away");
    await viewer.watch(6);
    await viewer.seek(12);
    await viewer.watch(17); // after ten seconds
    await viewer.pause();
    await fault("none");
  },

  /** For as long as the address says; whoever opened this page takes the server away. */
  async watches_long(viewer) {
    await viewer.sit("boat", { pingSeconds: 1 });
    await viewer.play();
    await viewer.watch(1);
    await viewer.seek(4);
    await viewer.watch(6);
    await viewer.seek(2);
    await viewer.watch(+given.seconds);
  },

  /** Anything that viewers do, in an order that the address decides. */
  async does_anything(viewer) {
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
  },

  async meets_a_server_that_is_overloaded(viewer) {
    await viewer.sit("boat", { pingSeconds: 0.5 });
    await viewer.play();
    await fault("503");
    await viewer.watch(2);
    await viewer.seek(8);
    await viewer.watch(10);
    await fault("none");
  },

  async is_asked_to_wait(viewer) {
    Math.random = () => 0.99; // so that it waits almost half as long again
    await fault("429");
    await viewer.sit("boat", { pingSeconds: 0.5 });
    await viewer.play();
    await viewer.watch(1);
    viewer.player.flush();
    await viewer.watch(2);
    await fault("none");
  },

  async gets_no_responses(viewer) {
    await viewer.sit("boat", { pingSeconds: 0.5 });
    await viewer.play();
    await fault("deaf"); // every request arrives, no answer does
    await viewer.watch(2);
    await viewer.seek(8);
    await viewer.watch(10);
    await fault("none");
  },

  async needs_a_new_token(viewer) {
    const tokens = ["not a token", given.token];
    await viewer.sit("boat", { token: async (session) => session === given.session && tokens.shift() });
    await viewer.play();
    await viewer.watch(2);
    if (tokens.length) throw new Error("the second token was not asked for");
  },

  async reports_what_is_refused(viewer) {
    await viewer.sit("boat");
    await viewer.play();
    await viewer.watch(1);
    viewer.player.report("x".repeat(101), {});
    viewer.player.report("chapterStart", { index: 1, title: "The sea" });
    viewer.player.report("x".repeat(102), {});
    viewer.player.report("chapterComplete", { index: 1 });
    await viewer.watch(2);
  },

  async reports_an_event_on_which_the_server_fails(viewer) {
    await viewer.sit("boat", { pingSeconds: 0.5 });
    await viewer.play();
    await viewer.watch(1);
    await fault("poisoned");
    viewer.player.report("poison", {});
    viewer.player.report("chapterStart", { index: 1, title: "The sea" });
    await viewer.watch(2);
    viewer.player.report("chapterComplete", { index: 1 });
    await until(() => viewer.truth.refused.length);
    await fault("none");
    await viewer.watch(Math.min(video.currentTime + 0.5, video.duration));
  },

  async attaches_to_an_iframe(viewer) {
    await viewer.sit("boat");
    const unable = [];
    for (const target of [document.createElement("iframe"), undefined, "a text"]) {
      attach(target, { session: given.session, token: "none", onStop: ({ status, detail }) => unable.push(status ?? detail) });
    }
    if (unable.length !== 3 || unable.some((detail) => !detail.startsWith("Neither"))) throw new Error(`${unable}`);
    await viewer.play();
    await viewer.watch(1);
  },

  async loses_the_session(viewer) {
    await viewer.sit("boat", { pingSeconds: 0.5 });
    await viewer.play();
    await viewer.watch(1);
    await fault("404");
    await until(() => viewer.truth.stopped.length);
    await viewer.watch(3);
  },

  async is_on_a_page_that_throws(viewer) {
    const bad = () => {
      throw new Error("a callback's");
    };
    attach(null, {}).choose("nowhere");
    await attach().detach();
    const other = { session: "another", url: "/nowhere", token: "none" };
    const odd = [{ session: { toString: bad } }, { url: "http://" }, { token: bad }, { token: Symbol("a token") }];
    odd.push({ node: { toString: bad } }, { pingSeconds: 1n, batchSeconds: Symbol("long") });
    for (const options of odd) attach(video, { ...other, ...options }).choose({ toString: bad }, 7);
    attach(video, Object.defineProperty({ ...other }, "debug", { get: bad, enumerable: true }));
    for (const name of ["localStorage", "crypto"]) Object.defineProperty(window, name, { get: bad });
    const { fetch: whole } = window;
    window.fetch = bad;
    await viewer.sit("boat", { cause: bad, onRefused: bad, debug: bad });
    setTimeout(() => (window.fetch = async () => "no answer at all"), 200);
    setTimeout(() => (window.fetch = whole), 1500);
    viewer.player.report("x".repeat(101));
    const circle = {};
    circle.circle = circle;
    viewer.player.report("a circle", circle);
    viewer.player.choose();
    await viewer.play();
    await viewer.watch(1);
    await viewer.seek(5);
    await viewer.watch(6);
  },
};

const thrown = [];
const logged = [];
for (const name of ["debug", "log", "info", "warn", "error"]) console[name] = () => logged.push(name);
addEventListener("error", ({ message }) => thrown.push(message));
addEventListener("unhandledrejection", ({ reason }) => thrown.push(`${reason}`));
let outcome;
try {
  const viewer = new Viewer();
  outcome = { ...((await scripts[given.script](viewer)) ? viewer.truth : await viewer.finish()), thrown, logged };
} catch (fault) {
  outcome = { fault: `${fault.stack ?? fault}` };
}
await fetch("/outcome", { method: "PUT", body: JSON.stringify(outcome) });
location.replace("about:blank"); // plays and reports nothing more, for the sake of the other pages
