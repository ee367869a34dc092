import { createElement } from "react";
import { createRoot } from "react-dom/client";
import ReactPlayer from "react-player";

export async function make(room) {
  const root = createRoot(room);
  const props = { src: undefined, playing: false, playbackRate: 1, muted: true };
  const video = () => room.querySelector("video");
  const set = (changes) => root.render(createElement(ReactPlayer, Object.assign(props, changes)));
  return {
    target: room,
    video,
    load: (clip, prefix = "") => set({ src: `${prefix}/media/${clip}/high.mp4` }),
    quality: undefined,
    play: () => set({ playing: true }),
    pause: () => set({ playing: false }),
    rate: (playbackRate) => set({ playbackRate }),
    unmount: () => root.unmount(),
  };
}
