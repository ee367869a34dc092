import Hls from "hls.js";

export async function make(room) {
  const video = document.createElement("video");
  video.muted = true;
  room.append(video);
  let hls;
  const open = (address) => {
    hls?.destroy();
    hls = new Hls({ maxBufferLength: 6, maxBufferSize: 0, backBufferLength: 4 });
    hls.loadSource(address);
    hls.attachMedia(video);
  };
  return {
    target: video,
    video: () => video,
    load: (clip, prefix = "") => open(`${prefix}/media/${clip}/master.m3u8`),
    live: () => open("/live/long/live.m3u8"),
    quality: () => (hls.currentLevel = hls.currentLevel ? 0 : 1),
  };
}
