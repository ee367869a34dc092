// Who watches in the tests, and the truth about it: noted from the element itself, at the moment in which it is done.

export const { attach } = await import("/player.js");
export const given = Object.fromEntries(new URLSearchParams(location.search));
export let video = document.querySelector("video");
export const sleep = (seconds) => new Promise((wake) => setTimeout(wake, seconds * 1000));
export const once = (type) => new Promise((happen) => video.addEventListener(type, happen, { once: true }));
export const fault = (name) => fetch("/fault", { method: "PUT", body: name });

export async function until(condition, seconds = 30) {
  const deadline = Date.now() + seconds * 1000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`waited ${seconds} s for ${condition}`);
    await sleep(0.015);
  }
}

/** Play in another element from here on. */
export function playIn(element) {
  video = element;
}

/** Someone who watches, and knows what was seen. */
export class Viewer {
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
