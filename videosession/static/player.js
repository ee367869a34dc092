// Reports to a videosession service what a media element plays.
//
//   import { attach } from "https://sessions.example/player.js";
//   const player = attach(video, { session, token, node: "intro" });
//   player.choose("cellar"); // and give the element its new source or place

const REQUEST_BYTES = 30e3; // two requests stay below the 64 KiB that may outlive a page
const STORED_EVENTS = 4000; // 1 MB of the 5 MB that browsers allow; further events wait in memory
const STORED_MILLISECONDS = 7 * 24 * 3600e3;
const SCRUB_MILLISECONDS = 250; // a seek that follows sooner is a step of the same scrub
const ENTRY_SECONDS = 0.5; // enter() may be called this much before or after the new source or position
const CHOICE_SECONDS = 60; // choose() may be called this much before the new source
const MOVE_SECONDS = 10; // and this much before the new position
const LATE_SECONDS = 0.3; // the longest extrapolation of a position
const SLACK_SECONDS = 0.3; // how far playback may run ahead of the page's clock

const [STILL, ENDED, BUFFERING, PLAYING] = [0, 1, 2, 3];
const LOOKED_AT =
  "play playing pause seeking seeked waiting canplay ended error ratechange emptied timeupdate".split(" ");
const TAKES_OVER = /^(play|seekStart|choice|nodeEnter|adBreakStart)$/;

const moves = (state) => state >= BUFFERING;
// Events may come late: playback a little beyond a known position began at that position.
const origin = (known, place, late = 0) => (place > known && place < known + 1 + late ? known : place);
const decimals = (seconds) => (isFinite(seconds) ? Math.round(seconds * 1000) / 1000 : undefined);
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

// Storage may be full or blocked.
const stored = safely(nothing, (deed) => deed(localStorage));
const parsed = safely(nothing, (text) => JSON.parse(text) ?? {}, {});

const now = () => performance.now();
const since = (at) => (now() - at) / 1000; // seconds
const sleep = (milliseconds) => new Promise((wake) => setTimeout(wake, milliseconds));

// A connection may hang forever.
const within = (promise) => Promise.race([promise, sleep(20e3).then(() => Promise.reject("no answer"))]);

/** Return a timestamp later than any before: events are sorted by it. After a sleep it follows the wall clock again. */
function clock(at = now()) {
  const behind = Date.now() - now() - offset;
  if (behind > 1000) offset += behind;
  last = Math.max(last + 1, Math.round(at + offset));
  return new Date(last).toISOString();
}
let offset = Date.now() - now();
let last = 0;

/**
 * Events that are not acknowledged yet, each under its own key of the browser's storage, so that the next page can send
 * what a closed page left. An event that two pages send is stored once, by its id.
 */
function outbox({ url, token, onRefused, onStop, batchSeconds = 5, say }, session, isAnothers) {
  const prefix = `videosession ${url} ${session} `;
  const waiting = new Map();
  const sending = new Set();
  const suspects = new Map(); // events that failed alone, with the number of requests accepted before that
  let accepted = 0;
  let bearer, timer, running;
  let isStopped = false;
  let failures = 0;
  let restingUntil = 0;
  let most = Infinity;

  function add(id, text) {
    if (isStopped) return;
    waiting.set(id, text);
    if (waiting.size <= STORED_EVENTS) stored((storage) => storage.setItem(prefix + id, text));
    timer ??= setTimeout(flush, bearer ? batchSeconds * 1000 : 0); // a page that closes cannot fetch a token
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
    let pause = Math.max(0, restingUntil - now());
    while (waiting.size && !isStopped && !pause) pause = await send(batch());
    if (!pause) return;
    clearTimeout(timer); // that add() may have set meanwhile
    timer = setTimeout(flush, pause);
  }

  /** Send what a request can hold; the page may close before the answer. */
  function last() {
    if (!isStopped && restingUntil <= now()) send(batch());
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

  /** Send events. Return how many milliseconds to wait before the next request. */
  async function send(events) {
    if (!events.length) return sleep(100); // all of them are being sent
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
      accepted++;
      return (failures = 0);
    }
    if (status === 401) {
      bearer = undefined;
      if (typeof token === "function" && !(isAnothers && failures)) return failures++ ? backoff(answer) : 0;
    }
    if (status === 500 && isToBlame(events)) return refuse(events, status, {});
    if (/^(408|429|[^4]..)$/.test(status)) return backoff(answer);
    const problem = await within(answer.json()).catch(() => ({}));
    return /^(400|409|413|422)$/.test(status) ? refuse(events, status, problem) : stop(status, problem);
  }

  /** Return whether an event fails while others are accepted. Halve the batch; move what failed alone to the end. */
  function isToBlame(events) {
    const [{ id, text }] = events;
    most = Math.ceil(events.length / 2);
    if (events.length > 1) return false;
    if (suspects.get(id) < accepted) return true;
    suspects.set(id, accepted);
    waiting.delete(id);
    waiting.set(id, text);
    return false;
  }

  /** Return a pause: longer each time, with some chance, and not below Retry-After. */
  function backoff(answer) {
    const told = answer?.headers.get("Retry-After");
    const asked = told * 1000 || Date.parse(told) - Date.now() || 0;
    const pause = Math.min(Math.max(asked, 1000 * 2 ** Math.min(failures++, 6)), 3600e3) * (1 + Math.random() / 2);
    if (asked > 0) restingUntil = now() + pause;
    return pause;
  }

  /** Drop the events that the answer points at; if it points at none, halve the batch until one is left. */
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

/** Send what other pages left, also of other sessions if `token` is a function; delete what is too old. */
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

const followers = new Map(); // in this page
const shared = {}; // instead of storage where there is none
const placeOf = (url, session) => `videosession ${url} ${session}`;
const isMedia = (node) => /^(VIDEO|AUDIO)$/.test(node?.nodeName);

/** Return the first media element in a container, also of open shadow roots. */
function mediaIn(root) {
  for (const node of [root, ...root.querySelectorAll("*")]) {
    const found = isMedia(node) ? node : node.shadowRoot && mediaIn(node.shadowRoot);
    if (found) return found;
  }
}

/** Call `use` with the media element in a target, and with each that replaces it. Return a function that stops this. */
function watch(target, use, say) {
  let video, timer;
  const observer = new MutationObserver(safely(say, find));
  function find(records = []) {
    clearTimeout(timer);
    const added = records.flatMap(({ addedNodes }) => [...addedNodes]).find(isMedia);
    const found = video?.isConnected ? video : isMedia(target) ? added ?? video ?? target : mediaIn(target) ?? video;
    if (found !== video) use((video = found));
    const home = isMedia(target) ? video.parentNode : target;
    if (home) observer.observe(home, { childList: true, subtree: home === target });
    // It may appear in a shadow root, which is not observed.
    if (!video?.isConnected && !isMedia(target)) timer = setTimeout(safely(say, find), 1000);
  }
  find();
  return () => (observer.disconnect(), clearTimeout(timer));
}

/**
 * Follow a media element. Its properties run ahead of its events: when an event comes, a seek may have begun or the
 * source may have changed. So an event only makes us look; the difference from what was reported last is reported.
 */
function follow(target, options) {
  const session = encodeURIComponent(options.session);
  const place = placeOf(options.url, session);
  const box = outbox(options, session);
  const me = Math.random().toString(36).slice(2); // unique in the session
  const recall = () => parsed(stored((storage) => storage.getItem(place)) ?? shared[place]);
  const { cause, pingSeconds = 10, say } = options;
  let node = named(options.node ?? recall().node);
  let state = STILL; // as reported
  let isAnnounced = false;
  let isAway = false; // once the page is left
  let isAd = false;
  let hasBegun = false; // until this node plays, seeks only decide where it begins
  let isLive = false;
  let count = 0;
  let video, source, rate, reportedAt, enteredAt, seek;
  let branch; // after choose() or enter(), until the source or the position changes
  let gap; // after the source was removed, or an ad began: where the film was left
  let spot = { position: 0, length: Infinity, rate: 1, at: 0, lag: 0 };

  const isMine = () => (recall().by ?? me) === me;

  function remember() {
    const text = JSON.stringify({ by: me, node, timestamp: clock() });
    shared[place] = text;
    stored((storage) => storage.setItem(place, text));
  }

  function announce() {
    const { by, node: fromNode } = recall();
    const duration = length();
    followers.get(by)?.giveWay();
    isAnnounced = true;
    remember();
    push("sessionStart", { node, duration });
    if (by && node !== fromNode) push("nodeEnter", { node, fromNode, cause: "start", duration });
    if (moves(state)) push("play");
  }

  /** Report an event. With several tabs open, the one that was used last is followed. */
  function emit(type, details, at) {
    if (!isAnnounced || !isMine()) {
      if (!TAKES_OVER.test(type)) return;
      announce();
    }
    push(type, details, at);
  }

  function giveWay(at) {
    if (seek) endSeek();
    if (moves(state)) push("sessionEnd", {}, at);
    if (branch) push(branch.type, described(branch, whereabouts()), at); // it goes on in another element
    isAnnounced = branch = undefined; // WebKit's storage may still have this page's id
  }

  /** Queue an event; `at` is an instant of performance.now(), or a timestamp that was taken before. */
  function push(type, details, at) {
    const timestamp = typeof at === "string" ? at : clock(at);
    const eventId = `${me}:${count}`;
    const known = hasBegun && { position: decimals(whereabouts()), duration: length() };
    if (video?.playbackRate > 0) rate = video.playbackRate; // Shaka sets it to 0 during a stall
    reportedAt = now();
    const data = { ...known, rate, ...details };
    box.add(eventId, JSON.stringify({ eventId, type, timestamp, data }));
    count++;
    say(type, data);
  }

  const length = () => decimals(video?.duration);

  /** Return where the element was at an instant, when a seek has begun or the source was removed since. */
  function extrapolated(at = now()) {
    const { position, length, rate } = spot;
    if (state !== PLAYING) return position;
    const seconds = Math.min(Math.max(0, (at - spot.at) / 1000), LATE_SECONDS);
    return bounds("end", position, position + reach())[0] ?? Math.min(position + seconds * rate, length);
  }

  const isLost = () => !video.readyState || video.currentSrc !== source;
  const whereabouts = () => (gap || video.seeking || isLost() ? extrapolated() : video.currentTime);

  /** Remember the position, and how far it lags behind the clock: on a busy page the element is late. */
  function track(late = 0) {
    const position = whereabouts();
    const behind = state === PLAYING ? spot.lag + since(spot.at) * spot.rate - position + spot.position : 0;
    const { duration } = video;
    if (hasBegun && duration > spot.length + 1) isLive = true;
    spot = {
      position,
      length: duration || spot.length,
      rate: video.playbackRate,
      at: now(),
      lag: Math.min(Math.max(0, behind, late), 2),
    };
  }

  /** Return where what was played starts or ends between two positions: the browser's own record is never late. */
  const bounds = (side, low, high) =>
    Array.from(video.played, (_, place) => video.played[side](place)).filter((at) => at >= low && at <= high);

  /** Return how far playback can have gone since the last look. */
  function reach() {
    const elapsed = moves(state) || !video.paused ? since(spot.at) : 0;
    return spot.lag + elapsed * Math.max(spot.rate, video.playbackRate) * 1.05 + SLACK_SECONDS;
  }

  /** Return whether playback cannot have reached the position. Firefox may seek, and does loop, without events. */
  function leaps() {
    const gained = video.currentTime - spot.position;
    return video.playbackRate >= 0 && (gained < -0.25 || gained > reach());
  }

  function wanted(type = "waiting") {
    if (video.ended && hasBegun) return ENDED;
    if (video.paused || video.error || video.playbackRate < 0) return STILL;
    if (!video.playbackRate) return BUFFERING;
    if (video.readyState > 2) return PLAYING;
    // WebKitGTK may leave it at 2 after a seek: a position that advances means playing, until a `waiting` event.
    const isOn = state === PLAYING || video.currentTime > spot.position + 0.05;
    return type !== "waiting" && video.readyState && isOn ? PLAYING : BUFFERING;
  }

  function look({ type, timeStamp }) {
    if (isAway || !video) return;
    const at = timeStamp > 0 ? Math.min(timeStamp, now()) : now();
    if (type === "emptied" || isLost()) lose(at);
    if (isAd) return;
    const age = since(branch?.since); // of a pending branch
    if (video.seeking ? age < MOVE_SECONDS : branch?.type === "nodeEnter" && wanted(type) !== PLAYING) {
      depart(extrapolated(at));
    } else if (age >= (video.seeking ? MOVE_SECONDS : branch?.seconds)) goOn();
    if (gap && !isFilled(type)) return track();
    if (at - seek?.landed?.since >= patience()) endSeek();
    if (hasBegun && video.seeking) startSeek(at);
    else if (hasBegun && !seek && leaps()) startSeek(type === "seeking" ? at : spot.at);
    if ((seek && !isOver(type, at)) || video.seeking) return;
    const was = state;
    turn(wanted(type), at);
    if (moves(was) && moves(state) && video.playbackRate > 0 && video.playbackRate !== rate) emit("rateChange");
    if (state === PLAYING && now() - reportedAt >= pingSeconds * 1000) emit("ping");
    track(since(at));
  }

  /** Return where playback up to a position began: on a busy page a first seek is over before it is heard of. */
  const beginning = (known, place, late) => bounds("start", known, place).at(-1) ?? origin(known, place, late);

  function turn(to, at = now()) {
    if (to === state) return;
    if (to === PLAYING) hasBegun = true;
    const start = hasBegun && { position: decimals(beginning(spot.position, whereabouts(), since(at))) };
    if (moves(to) && !moves(state)) emit("play", start, at);
    if (to === BUFFERING) emit("bufferStart", {}, at);
    else if (to === PLAYING && state === BUFFERING) emit("bufferEnd", start, at);
    else if (to === ENDED) emit("complete");
    else if (to === STILL && moves(state)) emit("pause");
    track();
    state = to;
  }

  /** The source was removed. What follows may be the next node, which enter() may name later, or the same film. */
  function lose(at) {
    if (seek) endSeek();
    if (branch) depart(extrapolated(at));
    else if (hasBegun) {
      const position = extrapolated(at);
      spot = { ...spot, position, rate: 0 };
      gap = { position };
      turn(position > spot.length - SLACK_SECONDS ? ENDED : video.paused ? STILL : BUFFERING);
      hasBegun = false;
    }
    if (gap) gap.begun = undefined;
    source = video.currentSrc;
    isLive = false;
  }

  /** Return whether the film goes on: from where it was left, or for a while without a branch. */
  function isFilled(type) {
    const { currentTime, seeking } = video;
    const is = seeking || isLost() ? BUFFERING : wanted(type);
    const isBack = is !== BUFFERING && Math.abs(currentTime - gap.position) < 0.25;
    if (seeking || isBack) gap.begun = undefined;
    else if (is === PLAYING) gap.begun ??= kept(beginning(gap.start ?? 0, currentTime));
    else gap.start = currentTime;
    if (isBack || (gap.begun && is !== PLAYING) || since(gap.begun?.since) >= ENTRY_SECONDS) fill();
    else if (video.paused && moves(state)) turn(STILL);
    return !gap;
  }

  const lookIn = (milliseconds) => setTimeout(safely(say, look), milliseconds + 10, {});

  /** Keep a position and two timestamps for events that can only be reported later. */
  function kept(position, seconds = ENTRY_SECONDS) {
    lookIn(seconds * 1000);
    return { position: decimals(position), seconds, before: clock(), at: clock(), since: now() };
  }

  /** Report what began to play after the gap. */
  function fill() {
    const { begun } = gap;
    gap = undefined;
    hasBegun = true;
    if (begun) {
      emit(state === BUFFERING ? "bufferEnd" : "play", { position: begun.position }, begun.at);
      state = PLAYING;
    }
    track(2);
  }

  function startSeek(at) {
    const { currentTime, seeking } = video;
    const to = bounds("start", currentTime - (seeking ? 0 : reach()), currentTime).at(-1) ?? currentTime;
    if (seek) return (seek = { ...seek, target: to, landed: undefined });
    const isLoop = video.loop && to < 1 && spot.position + since(spot.at) * spot.rate > spot.length - SLACK_SECONDS;
    const from = decimals(isLoop ? spot.length : extrapolated(at));
    const why = safely(say, () => (typeof cause === "function" ? cause({ from, to }) : cause))();
    // Players seek to the live edge and over gaps by themselves, without a click or key.
    const isOwn = isLive || video.duration === Infinity || (state === BUFFERING && to > from);
    const auto = isOwn && navigator.userActivation?.isActive === false ? "auto" : undefined;
    seek = { from, why: why ?? auto, target: to, at };
    if (state === BUFFERING) state = PLAYING;
    emit("seekStart", { from }, at);
  }

  const patience = () => SCRUB_MILLISECONDS / Math.max(1, video.playbackRate);

  function land(at) {
    const late = since(seek.at) * Math.max(1, video.playbackRate);
    const to = origin(seek.target, video.currentTime, late);
    seek.landed = { to, at: clock(at), then: clock(at), as: wanted(), since: at };
    track();
    spot.lag = Math.min(late, 2);
    lookIn(patience());
  }

  /** Return whether the seek has ended; a scrub may add steps for a while. */
  function isOver(type, at) {
    if (!video.seeking && (type === "seeked" || !seek.landed)) land(at);
    else if (seek.landed && /^(play|pause|ended)$/.test(type)) endSeek();
    return !seek;
  }

  function endSeek() {
    const { from, why, target, landed } = seek;
    const { to = target, at, then, as = ENDED } = landed ?? {};
    seek = undefined;
    if (!landed) spot = { ...spot, position: to, rate: 0 }; // it will arrive there
    const isReplay = to < 1 && from >= length() - 0.5;
    emit("seekEnd", { from, to: decimals(to), cause: why ?? (isReplay ? "replay" : "user") }, at);
    if (as === ENDED || moves(as) === moves(state)) return;
    emit(moves(as) ? "play" : "pause", { position: decimals(to) }, then);
    state = moves(as) ? PLAYING : STILL;
  }

  const left = () => (gap ? gap.position : hasBegun ? whereabouts() : undefined);

  function begin(type, to, details) {
    to = named(to);
    if (isAway || !to) return;
    if (video && isLost()) lose();
    if (seek) endSeek();
    if (to === branch?.to) return type === "choice" || branch.type === type || depart(whereabouts());
    // Another choice replaces one.
    if (branch && (type !== "choice" || branch.type !== type || since(branch.since) >= MOVE_SECONDS)) goOn();
    branch = undefined;
    const isAgain = !(hasBegun || gap) || (type === "nodeEnter" && since(enteredAt) < 2);
    if (to === node && isAgain) return; // the same branch, reported twice
    const position = left();
    if (hasBegun && moves(state) && !video.seeking) {
      track();
      branch = { type, to, details, ...kept(position, type === "choice" ? CHOICE_SECONDS : ENTRY_SECONDS) };
      return;
    }
    tell({ type, to, details }, position, gap?.begun?.before);
    if (gap?.begun) fill();
    gap = isAd ? {} : undefined;
    if (isAd) emit("adBreakStart"); // the service ends an ad break at a branch
  }

  function described({ type, to, details }, position) {
    const fromPosition = decimals(position);
    const key = type === "choice" ? "toNode" : "node";
    return { [key]: to, fromNode: node, position: fromPosition, fromPosition, duration: undefined, ...details };
  }

  function tell(step, position, at) {
    const { type, to } = step;
    if (isAnnounced || type === "choice") emit(type, described(step, position), at);
    node = to;
    enteredAt = now();
    hasBegun = false;
    if (isAnnounced) remember();
  }

  function stall(at) {
    if (!moves(state)) return;
    emit("bufferStart", {}, at);
    state = BUFFERING;
  }

  /** The pending branch begins: the source or the position has changed. */
  function depart(position) {
    tell(branch, position);
    branch = undefined;
    stall();
  }

  /** The pending branch began when it was reported: the film played on. */
  function goOn() {
    const { position, before, at } = branch;
    tell(branch, position, before);
    branch = undefined;
    hasBegun = true;
    emit("nodeEnter", { node, toPosition: position, position: undefined }, at);
  }

  function adStart() {
    if (isAway || isAd) return;
    conclude();
    emit("adBreakStart");
    gap ??= { position: left() };
    hasBegun = false;
    isAd = true;
  }

  function adEnd() {
    if (isAway || !isAd) return;
    isAd = false;
    emit("adBreakComplete");
    stall();
    if (video) look({});
  }

  /** Report everything that is pending. */
  function conclude() {
    if (video) look({});
    if (seek) endSeek();
    if (branch?.type === "choice") depart(whereabouts());
    else if (branch) goOn();
    if (gap?.begun) fill();
  }

  function leave() {
    conclude();
    emit("sessionEnd");
    if (video) track();
    isAway = true;
    isAnnounced = hasBegun = false;
    gap = isAd ? {} : undefined;
    state = STILL;
    box.last();
  }

  function hide() {
    if (!document.hidden) return;
    if (seek?.landed) endSeek();
    if (state === PLAYING && hasBegun && !seek) emit("ping");
    box.last();
  }

  const page = new AbortController();
  const listen = (to, type, deed) => to.addEventListener(type, safely(say, deed), { signal: page.signal });

  function use(element) {
    for (const type of LOOKED_AT) listen(element, type, (event) => element === video && look(event));
    if (!video) spot.position = element.currentTime;
    video = element;
    look({ type: "emptied" });
  }

  listen(document, "visibilitychange", hide);
  listen(window, "pagehide", leave);
  listen(window, "pageshow", (event) => {
    isAway = false;
    look(event);
  });
  listen(window, "online", box.flush);
  listen(window, "storage", ({ oldValue, newValue }) => {
    if (parsed(oldValue).by === me) giveWay(parsed(newValue).timestamp);
  });

  const boxes = { [session]: box };
  const adoptAfter = (age) => stored((storage) => adopt(storage, options, boxes, age));
  const adoption = setInterval(adoptAfter, 60e3, 60e3); // younger events are sent by their own pages
  adoptAfter(-Infinity);
  const unwatch = watch(target, safely(say, use), say);
  if (!recall().by) announce();

  const player = {
    choose: safely(say, (to, details) => begin("choice", to, details)),
    enter: safely(say, (to, details) => begin("nodeEnter", to, details)),
    adStart: safely(say, adStart),
    adEnd: safely(say, adEnd),
    report: safely(say, (type, data) => isAway || push(type, data)),
    flush: box.flush,
    detach() {
      safely(say, leave)();
      page.abort();
      unwatch();
      followers.delete(me);
      clearInterval(adoption);
      return box.flush();
    },
  };
  followers.set(me, { place, giveWay, media: () => video ?? target, player });
  return player;
}

/** Report the events of a media element, or of the one in a container. Never throws. */
export function attach(target, options) {
  const debug = safely(nothing, () => options.debug)();
  const say = safely(nothing, debug === true ? console.debug : debug ?? nothing);
  const start = () => {
    if (!target?.querySelector || target.nodeName === "IFRAME") {
      options.onStop?.({ detail: "Neither a media element nor a container." });
    }
    const url = new URL(options.url ?? new URL(".", import.meta.url), document.baseURI).href.replace(/\/+$/, "");
    const followed = mediaIn(target) ?? target;
    for (const { media, place, player } of followers.values()) {
      if (media() !== followed) continue;
      if (place === placeOf(url, encodeURIComponent(options.session))) return player;
      player.detach();
    }
    return follow(target, { ...options, url, say });
  };
  const [choose, enter, adStart, adEnd, report] = Array(5).fill(nothing);
  const flush = async () => false;
  return safely(say, start, { choose, enter, adStart, adEnd, report, flush, detach: flush })();
}
