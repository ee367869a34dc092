// Ad breaks.

import { recorder } from "/laboratory/recorder.js";
import { act, film, follow, player, ready, start, until, video, watch } from "/laboratory/scene.js";

/** Before the film, and in the middle of it. */
export async function ads() {
  follow();
  const { tell } = film;
  tell?.(player);
  const show = async (place) => {
    recorder.look();
    recorder.isAd = true;
    if (!tell) player.adStart();
    if (film.ad) film.ad();
    else act.load("ad");
    await ready();
    await start();
    await until(() => video().currentTime > 1.2);
    if (tell) film.endAd();
    else {
      player.adEnd();
      act.load("a");
      await until(() => video().readyState > 0 && video().duration > 20);
      if (place) act.seek(place);
    }
    await until(() => video().duration > 20 && !video().seeking && video().readyState > 1); // WebKitGTK may leave it at 2
    await until(() => Math.abs(video().currentTime - place) < 1);
    recorder.isAd = false;
    await start();
  };
  if (tell) {
    await act.load("a");
    await ready();
  } else await show(0);
  await start();
  await watch(2);
  await show(video().currentTime);
  await watch(4);
}
