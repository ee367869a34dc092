// What viewers and pages do with any player: the scenario that the page's address names. Scenarios only act; the recorder
// notes what happens.

import { recorder } from "/laboratory/recorder.js"; // first: it wraps currentTime before players use it
import * as ads from "/laboratory/scenarios/ads.js";
import * as branches from "/laboratory/scenarios/branches.js";
import * as elements from "/laboratory/scenarios/elements.js";
import * as live from "/laboratory/scenarios/live.js";
import * as pages from "/laboratory/scenarios/pages.js";
import * as watching from "/laboratory/scenarios/watching.js";
import { given, logged, makeFilm, outcome, player, room, sleep, thrown } from "/laboratory/scene.js";

const scenarios = { ...ads, ...branches, ...elements, ...live, ...pages, ...watching };

try {
  await makeFilm(room);
  await scenarios[given.scenario]();
  recorder.look();
  recorder.isOff = true;
  player.detach();
  const deadline = performance.now() + 15e3;
  while (!(await player.flush()) && !outcome.stopped.length && performance.now() < deadline) await sleep(0.1);
} catch (fault) {
  outcome.fault = `${fault} ${fault.stack}`;
}
await fetch("/outcome", {
  method: "PUT",
  body: JSON.stringify({ ...outcome, samples: recorder.samples(), thrown, logged }),
});
location.replace("about:blank"); // plays and loads nothing more, for the sake of the other pages
