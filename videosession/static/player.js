// Tells a videosession service what a media element plays, and loses none of it.
//
//   import { attach } from "https://sessions.example/player.js";
//   const player = attach(video, { session, token, node: "intro" });
//   player.choose("cellar"); // and at once give the element its new source or place

const REQUEST_BYTES = 30e3; // two at once stay below the 64 KiB that outlive a page
const REQUEST_EVENTS = 200;
const STORED_EVENTS = 4000; // 1 MB of the page's 5; more waits in memory
const STORED_MILLISECONDS = 7 * 24 * 3600e3;
const ADOPTION_MILLISECONDS = 60e3; // its own page would have sent it
const SCRUB_MILLISECONDS = 250; // a seek that follows sooner belongs to the one before
const DEPARTURE_MILLISECONDS = 500; // by then a branch changes the source or the place

const [STILL, ENDED, BUFFERING, PLAYING] = [0, 1, 2, 3];
const LOOKED_AT = "play playing pause seeking seeked waiting canplay ended error ratechange emptied timeupdate".split(" ");

const TAKES_OVER = /^(play|seekStart|choice|nodeEnter)$/;

const moves = (state) => state >= BUFFERING;
const decimals = (seconds) => Math.round(seconds * 1000) / 1000;
const random = () => [...crypto.getRandomValues(new Uint32Array(3))].map((part) => part.toString(36)).join("");
const named = (node) => (node == null ? undefined : `${node}`);

const nothing = () => {};
const safely = (say, deed, otherwise) => (...given) => {
  try {
    return deed(...given);
  } catch (fault) {
    say(fault);
    return otherwise;
  }
};

// There may be no storage, it may be full or forbidden: then memory has to do.
const stored = safely(nothing, (deed) => deed(localStorage));
const parsed = safely(nothing, (text) => JSON.parse(text) ?? {}, {});

const sleep = (milliseconds) => new Promise((wake) => setTimeout(wake, milliseconds));

// A connection can hang for ever.
const within = (promise) => Promise.race([promise, sleep(20e3).then(() => Promise.reject("no answer"))]);

/** The time, later than any told before, so that events have one order; the wall clock's after a sleep. */
function clock() {
  const behind = Date.now() - performance.now() - offset;
  if (behind > 1000) offset += behind;
  last = Math.max(last + 1, Math.round(performance.now() + offset));
  return new Date(last).toISOString();
}
let offset = Date.now() - performance.now();
let last = 0;

/**
 * The events that are not acknowledged, each under its own key of the browser's storage: tabs never overwrite each
 * other's, and the next page sends what a closed one left. If two send the same event, its id has it stored once.
 */
function outbox({ url, token, onRefused, onStop, batchSeconds = 5 }, session, prefix, say, isAnothers) {
  const waiting = new Map();
  const sending = new Set();
  let bearer, timer, running;
  let [isStopped, failures, restingUntil, most] = [false, 0, 0, REQUEST_EVENTS];

  function add(id, text, isLeft) {
    if (isStopped) return;
    waiting.set(id, text);
    if (!isLeft && waiting.size <= STORED_EVENTS) stored((storage) => storage.setItem(prefix + id, text));
    due(bearer && !isLeft ? batchSeconds * 1000 : 0); // a closing page can get no token
  }

  function drop(id) {
    waiting.delete(id);
    stored((storage) => storage.removeItem(prefix + id));
  }

  function due(milliseconds) {
    if (!isStopped) timer ??= setTimeout(flush, milliseconds);
  }

  async function flush() {
    clearTimeout(timer);
    timer = undefined;
    running ??= drain().finally(() => (running = undefined));
    await running;
    return !waiting.size;
  }

  async function drain() {
    let pause = Math.max(0, restingUntil - performance.now());
    while (waiting.size && !isStopped && !pause) pause = await send(batch());
    if (pause) due(pause);
  }

  /** The page may be gone before the answer. */
  function last() {
    const events = batch();
    if (events.length && !isStopped && restingUntil <= performance.now()) send(events);
  }

  function batch() {
    const events = [];
    let bytes = 0;
    for (const [id, text] of waiting) {
      if (sending.has(id)) continue;
      bytes += new Blob([text]).size + 1;
      if (events.length && (bytes > REQUEST_BYTES || events.length >= most)) break;
      events.push({ id, text, bytes });
    }
    return events;
  }

  /** Send these; gives the milliseconds to wait before the next. */
  async function send(events) {
    if (!events.length) return sleep(100); // all are on their way
    for (const { id } of events) sending.add(id);
    try {
      bearer ??= await within(typeof token === "function" ? token(session) : token);
      return await settle(events, await within(post(events)));
    } catch (fault) {
      say(fault);
      return backoff();
    } finally {
      for (const { id } of events) sending.delete(id);
    }
  }

  function post(events) {
    return fetch(`${url}/api/sessions/${session}/events`, {
      method: "POST",
      headers: { Authorization: `Bearer ${bearer}`, "Content-Type": "application/json" },
      body: `[${events.map(({ text }) => text)}]`,
      credentials: "omit",
      keepalive: events.at(-1).bytes <= REQUEST_BYTES,
    });
  }

  async function settle(events, answer) {
    const { status } = answer;
    say(status, events);
    if (status === 201) {
      for (const { id } of events) drop(id);
      most = Math.min(2 * most, REQUEST_EVENTS);
      return (failures = 0);
    }
    if (status === 401) {
      bearer = undefined;
      if (typeof token === "function" && !(isAnothers && failures)) return failures++ ? backoff(answer) : 0;
    }
    if (status < 400 || status === 408 || status === 429 || status >= 500) return backoff(answer);
    const problem = await within(answer.json()).catch(() => ({}));
    return [400, 409, 413, 422].includes(status) ? refuse(events, status, problem) : stop(status, problem);
  }

  /** Longer each time, unlike others, and at least as long as the service asks. */
  function backoff(answer) {
    const told = answer?.headers.get("Retry-After");
    const asked = (told && (told * 1000 || Date.parse(told) - Date.now())) || 0;
    const pause = Math.min(Math.max(asked, 1000 * 2 ** Math.min(failures++, 6)), 3600e3) * (1 + Math.random() / 2);
    if (asked > 0) restingUntil = performance.now() + pause;
    return pause;
  }

  /** Drop the events that the answer points at; if none, halve until one is left to blame. */
  function refuse(events, status, { errors }) {
    const faults = {};
    for (const fault of errors ?? []) {
      const place = /^\/(\d+)/.exec(fault.pointer)?.[1];
      if (place in events) (faults[place] ??= []).push(fault);
    }
    if (events.length === 1) faults[0] ??= errors ?? [];
    for (const [place, errors] of Object.entries(faults)) {
      drop(events[place].id);
      safely(say, () => onRefused?.(parsed(events[place].text), { status, errors }))();
    }
    if (!Object.keys(faults).length) most = Math.ceil(events.length / 2);
    return 0;
  }

  function stop(status, { title, detail }) {
    isStopped = true;
    if (status === 404 && title) for (const id of waiting.keys()) drop(id); // our service's word
    safely(say, () => onStop?.({ status, detail }))();
    return 0;
  }

  return { add, flush, last };
}

/** Have sent what other pages left, where tokens can be had of any session; drop what is too old. */
function adopt(options, boxes, age, say) {
  for (const key of stored((storage) => Object.keys(storage)) ?? []) {
    const [ours, url, session, id] = key.split(" ");
    if (ours !== "videosession") continue;
    const text = stored((storage) => storage.getItem(key));
    const since = Date.now() - Date.parse(parsed(text).timestamp);
    if (!(since < STORED_MILLISECONDS)) {
      stored((storage) => storage.removeItem(key));
    } else if (id && url === options.url && since >= age && (boxes[session] || typeof options.token === "function")) {
      boxes[session] ??= outbox({ ...options, onStop: undefined }, session, `videosession ${url} ${session} `, say, true);
      boxes[session].add(id, text, true);
    }
  }
}

/**
 * Follow a media element. Its flags run ahead of its events: when one comes, a seek may have begun or the source may be
 * another. So an event only makes us look, and what is reported is how the element differs from what was reported last.
 */
function follow(video, options, say) {
  const session = encodeURIComponent(options.session);
  const place = `videosession ${options.url} ${session}`;
  const box = outbox(options, session, `${place} `, say);
  const me = random();
  const recall = () => parsed(stored((storage) => storage.getItem(place)) ?? null);
  const { cause, pingSeconds = 10 } = options;
  let node = named(options.node ?? recall().node);
  let state = STILL; // as reported
  let isAnnounced = false;
  let isAway = false;
  let hasBegun = false; // before this node plays, a seek only says where it will begin
  let count = 0;
  let rate, reportedAt, enteredAt, seek, departure;
  let spot = { position: 0, length: Infinity, rate: 1, at: 0 };

  const isMine = () => (recall().by ?? me) === me;

  function remember() {
    stored((storage) => storage.setItem(place, JSON.stringify({ by: me, node, timestamp: clock() })));
  }

  /** Say that this page plays now, and where. */
  function announce() {
    const { by, node: fromNode } = recall();
    const duration = length();
    isAnnounced = true;
    remember();
    push("sessionStart", { node, duration });
    if (by && node !== fromNode) push("nodeEnter", { node, fromNode, cause: "start", duration });
    if (moves(state)) push("play");
  }

  /** Of several pages, the one is followed in which something was done last. */
  function emit(type, details, at) {
    if (!isAnnounced || !isMine()) {
      if (!TAKES_OVER.test(type)) return;
      announce();
    }
    push(type, details, at);
  }

  function giveWay({ key, oldValue, newValue }) {
    if (key === place && parsed(oldValue).by === me && moves(state)) push("sessionEnd", {}, parsed(newValue).timestamp);
  }

  function push(type, details, timestamp = clock()) {
    const eventId = `${me}:${count}`;
    const known = hasBegun && { position: decimals(whereabouts()), duration: length() };
    rate = video.playbackRate;
    reportedAt = performance.now();
    const data = { ...known, rate: rate > 0 ? rate : undefined, ...details };
    box.add(eventId, JSON.stringify({ eventId, type, timestamp, data }));
    count++;
    say(type, data);
  }

  function length() {
    return video.readyState && Number.isFinite(video.duration) ? decimals(video.duration) : undefined;
  }

  /** Where the element is, or was when a seek began or the source went: it had played on since it was looked at. */
  function whereabouts() {
    if (video.readyState && !video.seeking) return video.currentTime;
    const seconds = state === PLAYING ? Math.min(performance.now() - spot.at, 2000) / 1000 : 0; // it may have slept
    return Math.min(spot.position + seconds * spot.rate, spot.length);
  }

  function track() {
    spot = {
      position: whereabouts(),
      length: video.readyState ? video.duration || Infinity : spot.length,
      rate: video.playbackRate,
      at: performance.now(),
    };
  }

  function wanted() {
    if (video.ended && hasBegun) return ENDED;
    if (video.paused || video.error || !(video.playbackRate > 0)) return STILL;
    return video.readyState < 3 ? BUFFERING : PLAYING;
  }

  function look({ type }) {
    if (isAway) return;
    if (video.seeking && hasBegun) startSeek();
    if (seek && !isOver(type)) return;
    if (departure && !hasArrived()) return;
    if (video.seeking) return;
    const was = state;
    turn(wanted());
    if (moves(was) && moves(state) && video.playbackRate !== rate) emit("rateChange");
    if (state === PLAYING && performance.now() - reportedAt >= pingSeconds * 1000) emit("ping");
    track();
  }

  function turn(to) {
    if (to === state) return;
    if (to === PLAYING) hasBegun = true;
    if (moves(to) && !moves(state)) emit("play");
    if (to === BUFFERING) emit("bufferStart");
    else if (to === PLAYING && state === BUFFERING) emit("bufferEnd");
    else if (to === ENDED) emit("complete");
    else if (to === STILL && moves(state)) emit("pause");
    track();
    state = to;
  }

  function startSeek() {
    if (seek) {
      clearTimeout(seek.timer);
      seek.to = undefined;
      return;
    }
    const from = decimals(whereabouts());
    seek = { from };
    seek.why = safely(say, () => (typeof cause === "function" ? cause({ from, to: video.currentTime }) : cause))();
    if (state === BUFFERING) state = PLAYING;
    emit("seekStart", { from });
  }

  /** Whether the seek has ended: it waits a little for further steps. */
  function isOver(type) {
    if (type === "seeked" && !video.seeking) {
      seek.to = video.currentTime;
      seek.at = clock();
      seek.plays = wanted() === PLAYING && clock();
      seek.timer = setTimeout(safely(say, settleSeek), SCRUB_MILLISECONDS / Math.max(1, video.playbackRate));
    } else if (type === "emptied" || (seek.to !== undefined && ["play", "pause", "ended"].includes(type))) {
      endSeek();
    }
    return !seek;
  }

  function settleSeek() {
    endSeek();
    look({});
  }

  function endSeek() {
    const { from, why, at, plays, timer } = seek;
    const to = decimals(seek.to ?? (video.readyState ? video.currentTime : NaN));
    clearTimeout(timer);
    seek = undefined;
    const isReplay = to < 1 && from >= length() - 0.5;
    emit("seekEnd", { from, to, cause: why ?? (isReplay ? "replay" : "user") }, at);
    if (!plays || moves(state)) return;
    emit("play", { position: to }, plays);
    state = PLAYING;
  }

  function branch(type, key, to, details) {
    if (isAway || to === undefined) return;
    if (seek) endSeek();
    const isAgain = !hasBegun || (type === "nodeEnter" && performance.now() - enteredAt < 2000);
    if (to === node && isAgain) return; // the same step told twice
    if (isAnnounced || type === "choice") {
      const fromPosition = hasBegun ? decimals(whereabouts()) : undefined;
      emit(type, { [key]: to, fromNode: node, fromPosition, duration: undefined, ...details });
    }
    if (state === PLAYING) departure = { at: clock(), position: decimals(whereabouts()), since: performance.now() };
    node = to;
    enteredAt = performance.now();
    hasBegun = false;
    if (isAnnounced) remember();
  }

  /** Whether it is known how the node begins: with another source or place, or without a break. */
  function hasArrived() {
    if (video.seeking || wanted() !== PLAYING) {
      emit("bufferStart", {}, departure.at);
      state = BUFFERING;
    } else if (performance.now() - departure.since < DEPARTURE_MILLISECONDS) {
      return false;
    } else {
      hasBegun = true;
      emit("ping", { position: departure.position }, departure.at);
    }
    departure = undefined;
    return true;
  }

  function leave() {
    if (seek) endSeek();
    emit("sessionEnd");
    isAway = true;
    isAnnounced = hasBegun = false;
    departure = undefined;
    state = STILL;
    box.last();
  }

  function hide() {
    if (document.visibilityState !== "hidden" || isAway) return;
    if (seek?.to !== undefined) endSeek();
    if (state === PLAYING && hasBegun && !seek) emit("ping");
    box.last();
  }

  const listening = new AbortController();
  const listen = (target, type, deed) =>
    target.addEventListener(type, safely(say, deed), { signal: listening.signal });
  for (const type of LOOKED_AT) listen(video, type, look);
  listen(document, "visibilitychange", hide);
  listen(window, "pagehide", leave);
  listen(window, "pageshow", (event) => {
    isAway = false;
    look(event);
  });
  listen(window, "online", box.flush);
  listen(window, "storage", giveWay);

  const boxes = { [session]: box };
  const adoption = setInterval(adopt, ADOPTION_MILLISECONDS, options, boxes, ADOPTION_MILLISECONDS, say);
  adopt(options, boxes, -Infinity, say);
  if (!recall().by) announce();
  look({});

  const flush = () => box.flush().catch(() => false);
  return {
    choose: safely(say, (to, details) => branch("choice", "toNode", named(to), details)),
    enter: safely(say, (to, details) => branch("nodeEnter", "node", named(to), details)),
    report: safely(say, (type, data) => isAway || push(type, data)),
    flush,
    detach() {
      safely(say, leave)();
      listening.abort();
      clearInterval(adoption);
      return flush();
    },
  };
}

/** Report what any HTMLMediaElement plays. Never throws. */
export function attach(video, options) {
  const { debug } = options ?? {};
  const say = safely(nothing, debug === true ? console.debug : (...said) => debug?.(...said));
  const start = () => {
    const url = new URL(options.url ?? new URL(".", import.meta.url), document.baseURI).href.replace(/\/+$/, "");
    return follow(video, { ...options, url }, say);
  };
  const never = async () => false;
  return safely(say, start, { choose: nothing, enter: nothing, report: nothing, flush: never, detach: never })();
}
