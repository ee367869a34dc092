// A film of four parts, a player for it, and the timeline that the service makes of what is played. What has to do with
// the service: `ask`, which fetches, `attach`, which reports, and `choose` and `enter`, which tell it of the branches.

import { attach } from "../player.js";

const FILM = {
  harbour: { title: "Harbour", ways: { boat: "Take the boat", lighthouse: "Climb the lighthouse" } },
  boat: { title: "Boat", ways: { lighthouse: "Land at the lighthouse", morning: "Sail until morning" } },
  lighthouse: { title: "Lighthouse", ways: { boat: "Down to the boat" }, next: "morning" },
  morning: { title: "Morning", ways: { harbour: "Once more" } },
};
const BEGINNING = { node: "harbour", position: 0, trail: [] };
const ASK_SECONDS = 4; // before a part ends, and after
const LOOK_MILLISECONDS = 1000;
const AWAY_MILLISECONDS = 4000;
const REPORTS_SHOWN = 7;

const service = new URL("..", import.meta.url).href.replace(/\/$/, "");
const [video, question] = ["video", ".question"].map((name) => document.querySelector(name));
const part = (id) => document.getElementById(id);
const [play, bar, time, speed] = ["play", "bar", "time", "speed"].map(part);
const [choices, back, anew] = ["choices", "back", "anew"].map(part);
const [picture, state, message] = ["picture", "state", "message"].map(part);
const [others, everybody] = ["others", "everybody"].map(part);
const [reports, count] = ["reports", "count"].map(part);
const format = video.canPlayType('video/webm; codecs="vp9"') ? "webm" : "mp4";

/** What this tab keeps over a reload: the token, which is not to stay in the address, the session, and the place. */
const kept = JSON.parse(sessionStorage.getItem("demo") ?? "{}");
function keep(changes) {
  sessionStorage.setItem("demo", JSON.stringify(Object.assign(kept, changes)));
}

/** What cannot be mended by asking again; its text says what can be done. */
class Refused extends Error {}

async function ask(method, path, { body, etag } = {}) {
  const headers = { Authorization: `Bearer ${kept.token}` };
  if (body) headers["Content-Type"] = "application/json";
  if (etag) headers["If-None-Match"] = etag;
  const sent = { method, headers, cache: "no-store", body: body && JSON.stringify(body) };
  const answer = await fetch(`${service}/api/${path.startsWith("videos") ? path : `sessions${path}`}`, sent);
  if (answer.status === 401) throw new Refused("The token is no longer valid: run flask demo again.");
  if (answer.status === 404) throw new Refused("This session no longer exists: start a new one.");
  if (!answer.ok && answer.status !== 304) throw new Error(`The service answered with status ${answer.status}.`);
  return answer;
}

async function openSession() {
  const answer = await ask("POST", "", { body: { title: "The demo's film, seen in a browser", videoId: "demo" } });
  keep({ ...BEGINNING, session: (await answer.json()).id });
}

/** The player gets a token that may append events to its session, and nothing else. */
async function playerToken(session) {
  return (await (await ask("POST", `/${session}/token`, { body: {} })).json()).token;
}

let player;

function show(node, position) {
  const { ways } = FILM[node];
  keep({ node, position });
  question.hidden = true;
  choices.className = "";
  const before = kept.trail.at(-1);
  const { activeElement } = document;
  choices.replaceChildren(...Object.entries(ways).map(([to, label], index) => choice(to, label, index + 1)));
  back.disabled = !before;
  if (!activeElement.isConnected || activeElement.disabled) choices.firstChild.focus({ preventScroll: true });
  back.lastChild.textContent = before ? `← ${FILM[before.node].title}` : "←";
  video.src = `${service}/demo/${node}.${format}`;
  if (position) video.addEventListener("loadedmetadata", () => (video.currentTime = position), { once: true });
}

function choice(to, label, number) {
  const [button, key] = ["button", "kbd"].map((name) => document.createElement(name));
  button.type = "button";
  key.textContent = number;
  button.append(key, label);
  button.addEventListener("click", () => go(to, label));
  return button;
}

/** Take a way that the viewer chose, or without an option the one that the film itself takes. */
function go(to, option) {
  keep({ trail: [...kept.trail, { node: kept.node, position: video.ended ? 0 : video.currentTime }] });
  if (option) player.choose(to, { option });
  else player.enter(to);
  if (option) compare(kept.node, option);
  show(to, 0);
  start();
}

/** Show beside the viewer's choice what everybody chose there, and where everybody went. */
async function compare(node, option) {
  try {
    const film = await (await ask("GET", "videos/choices?videoId=demo")).json();
    const edges = film.nodes.find((each) => each.node === node)?.edges ?? [];
    const shares = edges.filter((each) => each.option && each.option !== "Back" && each.firstShare);
    others.textContent = shares
      .map((each) => `${Math.round(each.firstShare * 100)} % chose “${each.option}”${each.option === option ? ", as you did" : ""}`)
      .join(" · ");
    others.hidden = shares.length === 0;
    if (film.views > 1) await draw(await (await ask("GET", "videos/choices.svg?videoId=demo")).text(), everybody);
  } catch {
    others.hidden = true; // the film goes on without
  }
}

function goBack() {
  const { node, position } = kept.trail.at(-1);
  keep({ trail: kept.trail.slice(0, -1) });
  player.choose(node, { option: "Back" });
  show(node, position);
  start();
}

function start() {
  video.play().catch(() => {}); // the next choice, or a pause, came first
}

function toggle() {
  if (video.paused) start();
  else video.pause();
}

function move(seconds) {
  video.currentTime = Math.min(Math.max(0, video.currentTime + seconds), video.duration || 0);
}

const clock = (seconds) => `${Math.floor(seconds / 60)}:${`${Math.floor(seconds % 60)}`.padStart(2, "0")}`;

function refresh() {
  const { currentTime, duration, paused } = video;
  play.className = paused ? "" : "plays";
  play.ariaLabel = paused ? "Play" : "Pause";
  if (!duration) return;
  const isAsked = duration - currentTime < ASK_SECONDS && !FILM[kept.node].next;
  bar.max = duration;
  bar.value = currentTime;
  bar.ariaValueText = `${clock(currentTime)} of ${clock(duration)}, ${FILM[kept.node].title}`;
  time.textContent = `${clock(currentTime)} / ${clock(duration)}`;
  choices.className = isAsked ? "asked" : "";
  question.hidden = !isAsked;
  keep({ position: currentTime });
}

function control() {
  let wasPlaying = false;
  for (const type of ["play", "pause", "timeupdate", "seeked", "loadedmetadata", "ended"]) {
    video.addEventListener(type, refresh);
  }
  video.addEventListener("ended", () => FILM[kept.node].next && go(FILM[kept.node].next));
  video.addEventListener("click", toggle);
  play.addEventListener("click", toggle);
  back.addEventListener("click", goBack);
  speed.addEventListener("change", () => (video.playbackRate = video.defaultPlaybackRate = +speed.value));
  bar.addEventListener("pointerdown", () => {
    wasPlaying = !video.paused;
    video.pause(); // or it would play a little at each place that the slider passes
  });
  bar.addEventListener("input", () => (video.currentTime = bar.value));
  bar.addEventListener("change", () => wasPlaying && start());
  bar.addEventListener("pointerup", () => (wasPlaying = false));
  anew.addEventListener("click", async () => {
    await player.detach();
    keep({ session: undefined });
    location.reload();
  });
  document.addEventListener("keydown", onKey);
}

function onKey(event) {
  const { key, target } = event;
  const takes = target.tagName === "SELECT" || (target === bar && key.startsWith("Arrow"));
  if (event.ctrlKey || event.altKey || event.metaKey || takes) return;
  const deed = {
    " ": target.tagName === "BUTTON" ? undefined : toggle,
    ArrowLeft: () => move(-5),
    ArrowRight: () => move(5),
    b: () => back.click(),
  }[key.length > 1 ? key : key.toLowerCase()] ?? (/^[1-9]$/.test(key) && (() => choices.children[key - 1]?.click()));
  if (!deed) return;
  event.preventDefault();
  if (!event.repeat || key.startsWith("Arrow")) deed();
}

/** Look again and again whether there is more to see; the picture comes again only when it has changed. */
async function look() {
  let etag;
  for (;;) {
    let pause = LOOK_MILLISECONDS;
    try {
      const isOn = !document.hidden && (kept.position || kept.trail.length);
      const answer = isOn && (await ask("GET", `/${kept.session}/timeline.svg`, { etag }));
      if (answer?.status === 200) {
        etag = answer.headers.get("ETag");
        await draw(await answer.text(), picture);
        state.textContent = "Drawn by the service from the events that the player reports.";
      }
    } catch (fault) {
      if (fault instanceof Refused) return tell(fault.message);
      state.textContent = "The service does not answer. Events wait here, and are sent when it does.";
      pause = AWAY_MILLISECONDS;
    }
    await new Promise((wake) => setTimeout(wake, pause));
  }
}

async function draw(text, picture) {
  const words = new DOMParser().parseFromString(/<desc.*?<\/desc>/s.exec(text)?.[0] ?? "", "text/xml").documentElement;
  const next = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
  const loaded = new Image();
  loaded.src = next;
  await loaded.decode(); // so that it does not flicker
  URL.revokeObjectURL(picture.src);
  picture.src = next;
  picture.alt = words.textContent;
  picture.hidden = false;
}

const told = { reported: 0, stored: 0 };

/** Show what the player logs: an event that it reports, or how the service answered to some. */
function list(type, data) {
  if (type === 201) told.stored += data.length;
  if (typeof type === "string") {
    const [row, what] = ["li", "span"].map((name) => document.createElement(name));
    const { from, to, toNode, node, position, option } = data;
    const places = from === undefined ? (toNode ?? node ?? position) : to === undefined ? from : `${from} → ${to}`;
    what.textContent = [places, option && `“${option}”`, data.rate !== 1 && `${data.rate}×`].filter(Boolean).join("  ");
    row.append(type, what);
    if (type === "ping" && reports.lastChild?.firstChild.textContent === "ping") reports.lastChild.remove();
    reports.append(row);
    if (reports.children.length > REPORTS_SHOWN) reports.firstChild.remove();
    told.reported += 1;
  }
  const waiting = told.reported - told.stored;
  const events = told.reported === 1 ? "event" : "events";
  const where = waiting > 0 ? `${waiting} not stored yet` : "all stored";
  count.textContent = `${told.reported} ${events} since the page was loaded, ${where}.`;
}

function tell(text) {
  message.textContent = text;
  message.hidden = false;
}

async function begin() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token) keep({ token, session: token === kept.token ? kept.session : undefined });
  history.replaceState(null, "", location.pathname); // an address is seen and shared, a token is not to be
  if (!kept.token) throw new Refused("This page needs a token: run flask demo, and open the link that it prints.");
  if (!kept.session) await openSession();
  document.querySelector("main").hidden = false;
  show(kept.node, kept.position);
  player = attach(video, {
    url: service,
    session: kept.session,
    token: playerToken,
    node: kept.node,
    pingSeconds: 1, // more often than others need, to see it grow
    batchSeconds: 1,
    onStop: ({ detail }) => tell(detail),
    debug: list,
  });
  control();
  await look();
}

addEventListener("hashchange", () => location.reload()); // a token was pasted into the address
begin().catch((fault) => tell(fault instanceof Refused ? fault.message : `${fault.message} Is the service running?`));
