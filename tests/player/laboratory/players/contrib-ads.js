// How a page with ads tells player.js where a break begins and ends.

import videojs from "video.js";
import "videojs-contrib-ads";
import * as bare from "./video.js.js";

globalThis.videojs ??= videojs;

export async function make(room) {
  const film = await bare.make(room);
  film.player.ads();
  return {
    ...film,
    tell({ adStart, adEnd }) {
      film.player.on("adstart", adStart);
      film.player.on("adend", adEnd);
    },
    ad() {
      film.player.ads.startLinearAdMode();
      film.player.src({ src: "/media/ad/high.mp4", type: "video/mp4" });
      film.player.one("adended", () => film.player.ads.endLinearAdMode());
      film.player.one("ended", () => {});
    },
    endAd: () => film.player.ads.endLinearAdMode(),
  };
}
