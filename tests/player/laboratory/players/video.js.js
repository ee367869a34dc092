import videojs from "video.js";

let count = 0;

export async function make(room) {
  const id = `film${count++}`;
  room.innerHTML = `<video id="${id}" muted preload="auto" width="96"></video>`;
  const player = videojs(id, { muted: true, html5: { vhs: { overrideNative: true } } });
  await new Promise((happen) => player.ready(happen));
  const load = (clip, prefix = "") => player.src({ src: `${prefix}/media/${clip}/high.mp4`, type: "video/mp4" });
  return {
    target: document.getElementById(id), // video.js has moved the id to a DIV
    video: () => player.el().querySelector("video"),
    load,
    quality: () => player.src({ src: "/media/a/low.mp4", type: "video/mp4" }),
    live: () => player.src({ src: "/live/long/live.m3u8", type: "application/x-mpegURL" }),
    seek: (place) => player.currentTime(place),
    play: () => player.play(),
    pause: () => player.pause(),
    rate: (rate) => player.playbackRate(rate),
    player,
    /** Its reset() makes another element. */
    renew() {
      player.reset();
      load("a");
    },
  };
}
