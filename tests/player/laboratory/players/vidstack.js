import "vidstack/player";
import "vidstack/player/ui";

export async function make(room) {
  room.innerHTML = "<media-player muted load=eager preload=auto><media-provider></media-provider></media-player>";
  const player = room.firstChild;
  return {
    target: player,
    video: () => room.querySelector("video"),
    load: (clip, prefix = "") => (player.src = { src: `${prefix}/media/${clip}/high.mp4`, type: "video/mp4" }),
    quality: undefined,
    seek: (place) => (player.currentTime = place),
    play: () => player.play(),
    pause: () => player.pause(),
    rate: (rate) => (player.playbackRate = rate),
  };
}
