// Networks and servers that fail, and what they refuse.

import { closes_the_tab } from "/scripts/pages.js";
import { fault, given, sleep, until, video } from "/scripts/viewer.js";

export async function closes_the_tab_while_the_server_is_away(viewer) {
  if (!opener) {
    await fault("away");
    window.open(location.href, "_blank", "popup,width=200,height=200");
    await until(() => Object.values(localStorage).some((text) => text.includes("sessionEnd")));
    await sleep(0.5);
    await fault("none");
    viewer.attach(); // plays nothing, but sends what the closed one left
    viewer.truth = JSON.parse(localStorage.closed);
    return undefined;
  }
  return closes_the_tab(viewer);
}

export async function has_events_left_of_an_earlier_session(viewer) {
  const left = (session, id, timestamp) => {
    const text = JSON.stringify({ eventId: id, type: "play", timestamp, data: { position: 1 } });
    localStorage[`videosession ${location.origin} ${session} ${id}`] = text;
  };
  left(given.earlier, "left:0", new Date(Date.now() - 3600e3).toISOString());
  left("0".repeat(32), "left:0", new Date().toISOString()); // nobody gives a token for it any more
  left(given.earlier, "left:1", "2026-01-01T00:00:00.000Z"); // older than a week
  left(given.earlier, "left:2", "in ruins");
  const tokens = { [given.session]: given.token, [given.earlier]: given.earlierToken };
  await viewer.sit("boat", { token: (session) => tokens[session] });
  await viewer.play();
  await viewer.watch(2);
  await until(() => !Object.keys(localStorage).some((key) => key.includes(given.earlier)));
}

export async function reports_many_events(viewer) {
  await viewer.sit("boat");
  await viewer.play();
  await fault("503");
  for (let index = 0; index < 900; index++) viewer.player.report("remark", { index, text: "ä".repeat(50) });
  viewer.player.report("speech", { text: "ä".repeat(40e3) }); // more than may outlive a page
  await viewer.watch(1);
  await fault("none");
  await viewer.watch(3);
}

export async function closes_the_tab_with_many_events_waiting(viewer) {
  if (!opener) {
    window.open(location.href, "_blank", "popup,width=200,height=200");
    await until(() => localStorage.closed);
    viewer.attach(); // and sends what was more than may outlive a page
    viewer.truth = JSON.parse(localStorage.closed);
    return undefined;
  }
  await viewer.sit("boat", { batchSeconds: 60 });
  await viewer.play();
  await viewer.watch(1);
  await viewer.player.flush();
  for (let index = 0; index < 400; index++) viewer.player.report("remark", { index, text: "ä".repeat(100) });
  viewer.keepLast(localStorage, "closed");
  window.close();
  return sleep(60);
}

export async function loses_the_network(viewer) {
  await viewer.sit("boat", { pingSeconds: 1 });
  await viewer.play();
  await viewer.watch(1);
  await fault("away");
  await viewer.watch(6);
  await viewer.seek(12);
  await viewer.watch(17); // after ten seconds
  await viewer.pause();
  await fault("none");
}

/** For as long as the address says; whoever opened this page takes the server away. */
export async function watches_long(viewer) {
  await viewer.sit("boat", { pingSeconds: 1 });
  await viewer.play();
  await viewer.watch(1);
  await viewer.seek(4);
  await viewer.watch(6);
  await viewer.seek(2);
  await viewer.watch(+given.seconds);
}

export async function meets_a_server_that_is_overloaded(viewer) {
  await viewer.sit("boat", { pingSeconds: 0.5 });
  await viewer.play();
  await fault("503");
  await viewer.watch(2);
  await viewer.seek(8);
  await viewer.watch(10);
  await fault("none");
}

export async function is_asked_to_wait(viewer) {
  Math.random = () => 0.99; // so that it waits almost half as long again
  await fault("429");
  await viewer.sit("boat", { pingSeconds: 0.5 });
  await viewer.play();
  await viewer.watch(1);
  viewer.player.flush();
  await viewer.watch(2);
  await fault("none");
}

export async function gets_no_responses(viewer) {
  await viewer.sit("boat", { pingSeconds: 0.5 });
  await viewer.play();
  await fault("deaf"); // every request arrives, no answer does
  await viewer.watch(2);
  await viewer.seek(8);
  await viewer.watch(10);
  await fault("none");
}

export async function needs_a_new_token(viewer) {
  const tokens = ["not a token", given.token];
  await viewer.sit("boat", { token: async (session) => session === given.session && tokens.shift() });
  await viewer.play();
  await viewer.watch(2);
  if (tokens.length) throw new Error("the second token was not asked for");
}

/** The token expires while there is no network, and a new one can only be had once there is. */
export async function loses_the_network_and_the_token(viewer) {
  let isAway = false;
  const token = async () => {
    if (isAway) throw new TypeError("no network");
    return given.token;
  };
  await viewer.sit("boat", { pingSeconds: 0.3, token });
  await viewer.play();
  await viewer.watch(1);
  isAway = true;
  await fault("away");
  await viewer.watch(2);
  await fault("401");
  for (let index = 0; index < 300; index++) viewer.player.report("remark", { index, text: "ä".repeat(100) });
  await viewer.seek(8);
  await viewer.watch(10);
  isAway = false;
  await fault("none");
}

export async function reports_what_is_refused(viewer) {
  await viewer.sit("boat");
  await viewer.play();
  await viewer.watch(1);
  viewer.player.report("x".repeat(101), {});
  viewer.player.report("chapterStart", { index: 1, title: "The sea" });
  viewer.player.report("x".repeat(102), {});
  viewer.player.report("chapterComplete", { index: 1 });
  await viewer.watch(2);
}

export async function reports_an_event_on_which_the_server_fails(viewer) {
  await viewer.sit("boat", { pingSeconds: 0.5 });
  await viewer.play();
  await viewer.watch(1);
  await fault("poisoned");
  viewer.player.report("poison", {});
  viewer.player.report("chapterStart", { index: 1, title: "The sea" });
  await viewer.watch(2);
  viewer.player.report("chapterComplete", { index: 1 });
  await until(() => viewer.truth.refused.length);
  await fault("none");
  await viewer.watch(Math.min(video.currentTime + 0.5, video.duration));
}

export async function loses_the_session(viewer) {
  await viewer.sit("boat", { pingSeconds: 0.5 });
  await viewer.play();
  await viewer.watch(1);
  await fault("404");
  await until(() => viewer.truth.stopped.length);
  await viewer.watch(3);
}
