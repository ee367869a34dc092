import "media-chrome";

export async function make(room) {
  room.innerHTML = `<media-controller><video slot="media" muted preload="auto"></video>
    <media-control-bar><media-play-button></media-play-button><media-time-range></media-time-range></media-control-bar>
    </media-controller>`;
  const controller = room.firstChild;
  const video = room.querySelector("video");
  const ask = (type, detail) =>
    controller.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true }));
  return {
    target: controller,
    video: () => video,
    load: (clip, prefix = "") => (video.src = `${prefix}/media/${clip}/high.mp4`),
    quality: () => (video.src = "/media/a/low.mp4"),
    seek: (place) => ask("mediaseekrequest", place),
    play: () => ask("mediaplayrequest"),
    pause: () => ask("mediapauserequest"),
    rate: (rate) => ask("mediaplaybackraterequest", rate),
  };
}
