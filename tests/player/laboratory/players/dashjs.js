import { MediaPlayer } from "dashjs";

export async function make(room) {
  const video = document.createElement("video");
  video.muted = true;
  room.append(video);
  const player = MediaPlayer().create();
  player.updateSettings({ debug: { logLevel: 0 } });
  player.initialize(video, null, false);
  return {
    target: video,
    video: () => video,
    load: (clip, prefix = "") => player.attachSource(new URL(`${prefix}/media/${clip}/film.mpd`, location.href).href),
    liveSince1970: () => player.attachSource("/live/long/since-1970.mpd"),
    quality() {
      const settings = { streaming: { abr: { autoSwitchBitrate: { video: false } } } };
      player.updateSettings(settings);
      const ids = player.getRepresentationsByType("video").map(({ id }) => id);
      player.setRepresentationForTypeById("video", ids.at(-1), true);
    },
    seek: (place) => player.seek(place),
    play: () => player.play(),
    pause: () => player.pause(),
    rate: (rate) => player.setPlaybackRate(rate),
  };
}
