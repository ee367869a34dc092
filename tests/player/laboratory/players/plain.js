// Nothing but the element itself; its films are the demo's, so that nothing has to be made or installed.

const FILMS = { a: "boat", b: "morning", ad: "lighthouse" };
const kind = () => (document.createElement("video").canPlayType('video/webm; codecs="vp9"') ? "webm" : "mp4");

export async function make(room) {
  const video = document.createElement("video");
  video.muted = true;
  video.preload = "auto";
  room.append(video);
  return {
    target: video,
    video: () => video,
    load: (clip, prefix = "") => (video.src = `${prefix}/demo/${FILMS[clip]}.${kind()}`),
    quality: () => (video.src = "/demo/boat.mp4"),
  };
}
