import videojs from "video.js";

export async function make(room) {
  room.innerHTML = '<video id="film" muted preload="auto" width="96"></video>';
  const player = videojs("film", { muted: true, html5: { vhs: { overrideNative: true } } });
  await new Promise((happen) => player.ready(happen));
  const load = (clip, prefix = "") => player.src({ src: `${prefix}/media/${clip}/high.mp4`, type: "video/mp4" });
  return {
    target: document.getElementById("film"), // a DIV by now
    video: () => player.el().querySelector("video"),
    load,
    quality: () => player.src({ src: "/media/a/low.mp4", type: "video/mp4" }),
    live: () => player.src({ src: "/live/a/live.m3u8", type: "application/x-mpegURL" }),
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
