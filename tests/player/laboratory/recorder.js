// What really happened: the position of every media element of the page, read 20 times a second, and before and after
// each change of currentTime. It knows nothing of player.js.

const MILLISECONDS = 50;
const KEPT = `recorded ${new URLSearchParams(location.search).get("session")}`; // survives a reload, and is read by the page that opened this one
const { get, set } = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, "currentTime");
const numbers = new WeakMap();
const page = Math.random().toString(36).slice(2, 6);
let count = 0;
let seen = [];

export const recorder = {
  node: null, // the node that is being played: set in the same task as the source
  isAd: false,
  others: new Set(), // elements that play unwatched
  isOff: false, // the viewer watches another page

  /** Return what was seen here, and in earlier pages of this origin. */
  samples: () => [...JSON.parse(localStorage[KEPT] ?? "[]"), ...seen].sort((one, other) => one.at - other.at),
  keep() {
    localStorage[KEPT] = JSON.stringify(recorder.samples());
    seen = [];
  },
  look() {
    for (const video of elements(document)) sample(video);
  },
};

function* elements(root) {
  for (const element of root.querySelectorAll("*")) {
    if (element instanceof HTMLMediaElement) yield element;
    if (element.shadowRoot) yield* elements(element.shadowRoot);
  }
}

function sample(video, isSet = false) {
  if (!numbers.has(video)) numbers.set(video, count++);
  if (recorder.isOff || recorder.others.has(video) || !video.readyState) return;
  seen.push({
    element: `${page}${numbers.get(video)} ${video.currentSrc}`,
    node: recorder.node,
    at: performance.timeOrigin + performance.now(),
    position: get.call(video),
    rate: Math.abs(video.playbackRate),
    length: video.duration,
    isAd: recorder.isAd || video.currentSrc.includes("/ad/"),
    isPaused: video.paused,
    isSeeking: video.seeking,
    isSet,
  });
}

Object.defineProperty(HTMLMediaElement.prototype, "currentTime", {
  get,
  set(place) {
    if (elementIsHere(this)) sample(this);
    set.call(this, place);
    if (elementIsHere(this)) sample(this, true);
  },
  configurable: true,
  enumerable: true,
});
const elementIsHere = (video) => video.isConnected;
setInterval(() => recorder.look(), MILLISECONDS);
document.addEventListener("loadedmetadata", () => recorder.look(), true);
addEventListener("pagehide", () => (recorder.look(), recorder.keep()));
