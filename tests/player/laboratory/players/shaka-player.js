import shaka from "shaka-player";

export async function make(room) {
  shaka.polyfill.installAll();
  const video = document.createElement("video");
  video.muted = true;
  room.append(video);
  const player = new shaka.Player();
  await player.attach(video);
  player.configure({ streaming: { bufferingGoal: 6, bufferBehind: 4 }, abr: { enabled: false } });
  return {
    target: video,
    video: () => video,
    load: (clip, prefix = "") => player.load(`${prefix}/media/${clip}/film.mpd`),
    live: () => player.load("/live/long/live.m3u8"),
    liveSince1970: () => player.load("/live/long/since-1970.mpd"),
    quality() {
      const other = player.getVariantTracks().find((track) => !track.active);
      player.selectVariantTrack(other, true, 2);
    },
  };
}
