// The element alone. Its films are the demo's, so that nothing has to be made or installed.

const FILMS = { a: "boat", b: "morning", ad: "lighthouse" };
// WebKitGTK plays nothing of a WebM file before it has the file's end.
const isWebkit = !/Chrome|Firefox/.test(navigator.userAgent);
const kind = () => (!isWebkit && document.createElement("video").canPlayType('video/webm; codecs="vp9"') ? "webm" : "mp4");

export async function make(room) {
  let video;
  const load = (clip, prefix = "") => (video.src = `${prefix}/demo/${FILMS[clip]}.${kind()}`);
  const renew = () => {
    video = document.createElement("video");
    video.muted = true;
    video.preload = "auto";
    room.replaceChildren(video);
  };
  renew();
  return {
    target: video,
    video: () => video,
    load,
    quality: () => (video.src = "/demo/boat.mp4?another"),
    renew() {
      renew();
      load("a");
    },
    async liveSince1970() {
      const pieces = new MediaSource();
      video.src = URL.createObjectURL(pieces);
      const clip = await (await fetch("/demo/boat.webm")).arrayBuffer();
      const buffer = pieces.addSourceBuffer('video/webm; codecs="vp9"');
      pieces.duration = Infinity;
      buffer.timestampOffset = Math.floor(Date.now() / 1000);
      buffer.appendBuffer(clip);
      await new Promise((happen) => buffer.addEventListener("updateend", happen, { once: true }));
      video.currentTime = buffer.timestampOffset + 1;
    },
  };
}
