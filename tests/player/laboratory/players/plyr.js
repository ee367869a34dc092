import Plyr from "plyr";

export async function make(room) {
  room.innerHTML = '<video muted preload="auto" playsinline></video>';
  const player = new Plyr(room.firstChild, { muted: true, loadSprite: false, storage: { enabled: false }, controls: [] });
  const load = (clip, prefix = "") =>
    (player.source = { type: "video", sources: [{ src: `${prefix}/media/${clip}/high.mp4`, type: "video/mp4" }] });
  return {
    target: room, // setting `source` replaces the element and its container
    video: () => player.media,
    load,
    quality: undefined,
    seek: (place) => (player.currentTime = place),
    play: () => player.play(),
    pause: () => player.pause(),
    rate: (rate) => (player.speed = rate),
    renew: () => load("a"),
  };
}
