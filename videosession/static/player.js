// Tells a videosession service what a media element plays, and loses none of it.
//
//   import { attach } from "https://sessions.example/player.js";
//   const player = attach(video, { session, token, node: "intro" });
//   player.choose("cellar"); // and at once give the element its new source or place

const REQUEST_BYTES = 30e3; // two at once stay below the 64 KiB that outlive a page
const STORED_EVENTS = 4000; // 1 MB of 5; more waits in memory
const STORED_MILLISECONDS = 7 * 24 * 3600e3;
const SCRUB_MILLISECONDS = 250; // a seek that follows sooner belongs to the one before
const DEPARTURE_MILLISECONDS = 500; // by then a branch changes the source or the place

const [STILL, ENDED, BUFFERING, PLAYING] = [0, 1, 2, 3];
const LOOKED_AT = "play playing pause seeking seeked waiting canplay ended error ratechange emptied timeupdate".split(" ");
const TAKES_OVER = /^(play|seekStart|choice|nodeEnter)$/;

const moves = (state) => state >= BUFFERING;
// Events can be late: what plays on from a known place began there.
const origin = (known, now) => (now > known && now < known + 1 ? known : now);
const decimals = (seconds) => Math.round(seconds * 1000) / 1000;
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

// Storage may be full or forbidden.
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
 * The events that are not acknowledged, each under its own key of the browser's storage: the next page sends what a
 * closed one left. If two send the same event, its id has it stored once.
 */
function outbox({ url, token, onRefused, onStop, batchSeconds = 5, say }, session, isAnothers) {
  const prefix = `videosession ${url} ${session} `;
  const waiting = new Map();
  const sending = new Set();
  let bearer, timer, running;
  let isStopped = false;
  let failures = 0;
  let restingUntil = 0;
  let most = Infinity;

  function add(id, text) {
    if (isStopped) return;
    waiting.set(id, text);
    if (waiting.size <= STORED_EVENTS) stored((storage) => storage.setItem(prefix + id, text));
    timer ??= setTimeout(flush, bearer ? batchSeconds * 1000 : 0); // a closing page can get no token
  }

  function drop(id) {
    waiting.delete(id);
    stored((storage) => storage.removeItem(prefix + id));
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
    if (!pause) return;
    clearTimeout(timer); // of what was added meanwhile
    timer = setTimeout(flush, pause);
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
      most *= 2;
      return (failures = 0);
    }
    if (status === 401) {
      bearer = undefined;
      if (typeof token === "function" && !(isAnothers && failures)) return failures++ ? backoff(answer) : 0;
    }
    if (/^(408|429|[^4]..)$/.test(status)) return backoff(answer);
    const problem = await within(answer.json()).catch(() => ({}));
    return /^(400|409|413|422)$/.test(status) ? refuse(events, status, problem) : stop(status, problem);
  }

  /** Longer each time, unlike others, and as long as is asked. */
  function backoff(answer) {
    const told = answer?.headers.get("Retry-After");
    const asked = told * 1000 || Date.parse(told) - Date.now() || 0;
    const pause = Math.min(Math.max(asked, 1000 * 2 ** Math.min(failures++, 6)), 3600e3) * (1 + Math.random() / 2);
    if (asked > 0) restingUntil = performance.now() + pause;
    return pause;
  }

  /** Drop the events that the answer points at; if none, halve until one is left to blame. */
  function refuse(events, status, { errors }) {
    const isOne = events.length === 1;
    const all = waiting.size;
    events.forEach(({ id, text }, place) => {
      const faults = errors?.filter(({ pointer }) => isOne || `${pointer}/`.startsWith(`/${place}/`)) ?? [];
      if (!isOne && !faults.length) return;
      drop(id);
      safely(say, () => onRefused?.(parsed(text), { status, errors: faults }))();
    });
    if (waiting.size === all) most = Math.ceil(events.length / 2);
    return 0;
  }

  function stop(status, { title, detail }) {
    isStopped = true;
    if (status === 404 && title) for (const id of waiting.keys()) drop(id);
    safely(say, () => onStop?.({ status, detail }))();
    return 0;
  }

  return { add, flush, last };
}

/** Have sent what other pages left, of other sessions where a function gives tokens; drop what is too old. */
function adopt(storage, options, boxes, age) {
  for (const key of Object.keys(storage)) {
    const [ours, url, session, id] = key.split(" ");
    if (ours !== "videosession") continue;
    const text = storage.getItem(key);
    const since = Date.now() - Date.parse(parsed(text).timestamp);
    if (!(since < STORED_MILLISECONDS)) {
      storage.removeItem(key);
    } else if (id && url === options.url && since >= age && (boxes[session] || typeof options.token === "function")) {
      boxes[session] ??= outbox({ ...options, onStop: undefined }, session, true);
      boxes[session].add(id, text);
    }
  }
}

/**
 * Follow a media element. Its flags run ahead of its events: when one comes, a seek may have begun or the source may be
 * another. So an event only makes us look, and what is reported is how the element differs from what was reported last.
 */
function follow(video, options) {
  const session = encodeURIComponent(options.session);
  const place = `videosession ${options.url} ${session}`;
  const box = outbox(options, session);
  const me = Math.random().toString(36).slice(2); // no other in this session
  const recall = () => parsed(stored((storage) => storage.getItem(place)));
  const { cause, pingSeconds = 10, say } = options;
  let node = named(options.node ?? recall().node);
  let state = STILL; // as reported
  let isAnnounced = false;
  let isAway = false;
  let hasBegun = false; // before this node plays, a seek only says where it will begin
  let count = 0;
  let rate, reportedAt, enteredAt, seek, departure;
  let spot = { position: 0, length: Infinity };

  const isMine = () => (recall().by ?? me) === me;

  function remember() {
    stored((storage) => storage.setItem(place, JSON.stringify({ by: me, node, timestamp: clock() })));
  }

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
    return video.readyState && isFinite(video.duration) ? decimals(video.duration) : undefined;
  }

  /** Where the element is, or was when a seek began or the source went. */
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
    if (moves(to) && !moves(state)) emit("play", hasBegun && { position: decimals(origin(spot.position, whereabouts())) });
    if (to === BUFFERING) emit("bufferStart");
    else if (to === PLAYING && state === BUFFERING) emit("bufferEnd");
    else if (to === ENDED) emit("complete");
    else if (to === STILL && moves(state)) emit("pause");
    track();
    state = to;
  }

  function startSeek() {
    const target = video.currentTime;
    clearTimeout(seek?.timer);
    if (seek) return Object.assign(seek, { target, landed: undefined });
    const from = decimals(whereabouts());
    const why = safely(say, () => (typeof cause === "function" ? cause({ from, to: target }) : cause))();
    seek = { from, why, target };
    if (state === BUFFERING) state = PLAYING;
    emit("seekStart", { from });
  }

  /** Whether the seek has ended: it waits a little for further steps. */
  function isOver(type) {
    if (type === "seeked" && !video.seeking) {
      seek.landed = { to: origin(seek.target, video.currentTime), at: clock(), then: clock(), as: wanted() };
      track();
      const settle = () => (endSeek(), look({}));
      seek.timer = setTimeout(safely(say, settle), SCRUB_MILLISECONDS / Math.max(1, video.playbackRate));
    } else if (type === "emptied" || (seek.landed && /^(play|pause|ended)$/.test(type))) {
      endSeek();
    }
    return !seek;
  }

  function endSeek() {
    const { from, why, target, timer, landed } = seek;
    const { to = target, at, then, as = ENDED } = landed ?? {};
    clearTimeout(timer);
    seek = undefined;
    const isReplay = to < 1 && from >= length() - 0.5;
    emit("seekEnd", { from, to: decimals(to), cause: why ?? (isReplay ? "replay" : "user") }, at);
    if (as === ENDED || moves(as) === moves(state)) return;
    emit(moves(as) ? "play" : "pause", { position: decimals(to) }, then);
    state = moves(as) ? PLAYING : STILL;
  }

  function branch(type, key, to, details) {
    if (isAway || to === undefined) return;
    if (seek) endSeek();
    if (departure && to !== node) hasArrived(true);
    const isAgain = !hasBegun || (type === "nodeEnter" && performance.now() - enteredAt < 2000);
    if (to === node && isAgain) return; // the same step told twice
    if (isAnnounced || type === "choice") {
      const fromPosition = hasBegun ? decimals(whereabouts()) : undefined;
      emit(type, { [key]: to, fromNode: node, fromPosition, duration: undefined, ...details });
    }
    if (state === PLAYING) {
      departure = { at: clock(), position: decimals(whereabouts()), since: performance.now() };
      setTimeout(safely(say, look), DEPARTURE_MILLISECONDS + 10, {});
    }
    node = to;
    enteredAt = performance.now();
    hasBegun = false;
    if (isAnnounced) remember();
  }

  /** Whether it is known how the node begins: with another source or place, or without a break. */
  function hasArrived(isLast) {
    if (video.seeking || wanted() !== PLAYING) {
      emit("bufferStart", {}, departure.at);
      state = BUFFERING;
    } else if (!isLast && performance.now() - departure.since < DEPARTURE_MILLISECONDS) {
      return false;
    } else {
      hasBegun = true;
      emit("nodeEnter", { node, toPosition: departure.position }, departure.at);
    }
    departure = undefined;
    return true;
  }

  function leave() {
    if (seek) endSeek();
    if (departure) hasArrived(true);
    emit("sessionEnd");
    track();
    isAway = true;
    isAnnounced = hasBegun = false;
    departure = undefined;
    state = STILL;
    box.last();
  }

  function hide() {
    if (!document.hidden) return;
    if (seek?.landed) endSeek();
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
  const adoptAfter = (age) => stored((storage) => adopt(storage, options, boxes, age));
  const adoption = setInterval(adoptAfter, 60e3, 60e3); // younger ones, their own pages send
  adoptAfter(-Infinity);
  if (!recall().by) announce();
  track();
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
  const debug = safely(nothing, () => options.debug)();
  const say = safely(nothing, debug === true ? console.debug : debug ?? nothing);
  const start = () => {
    const url = new URL(options.url ?? new URL(".", import.meta.url), document.baseURI).href.replace(/\/+$/, "");
    return follow(video, { ...options, url, say });
  };
  const never = async () => false;
  return safely(say, start, { choose: nothing, enter: nothing, report: nothing, flush: never, detach: never })();
}
