// Reloads, tabs, and pages that are hidden, closed or hostile.

import { chooses_and_goes_back } from "/scripts/branches.js";
import { attach, given, once, sleep, until, video } from "/scripts/viewer.js";

export async function reloads(viewer) {
  const before = JSON.parse(sessionStorage.truth ?? "null");
  if (!before) {
    await viewer.sit("harbour", { node: "harbour" });
    await viewer.play();
    await viewer.watch(1);
    await viewer.choose("boat", "Go");
    await viewer.watch(2);
    viewer.keepLast(sessionStorage, "truth");
    location.reload();
    return sleep(60);
  }
  await viewer.sit("boat", { node: "boat" });
  viewer.truth = { ...before, reported: 0 };
  video.currentTime = 2;
  await once("seeked");
  await viewer.play();
  viewer.from = 2;
  await viewer.watch(4);
}

export async function starts_over_after_a_reload(viewer) {
  const before = JSON.parse(sessionStorage.truth ?? "null");
  await viewer.sit("harbour", { node: "harbour" });
  if (!before) {
    await viewer.play();
    await viewer.watch(1);
    await viewer.choose("boat", "Go");
    await viewer.watch(1);
    viewer.keepLast(sessionStorage, "truth");
    location.reload();
    return sleep(60);
  }
  viewer.truth = { ...before, reported: 0 };
  viewer.node = "boat";
  viewer.branch("harbour", "start");
  await viewer.play();
  await viewer.watch(1);
}

export async function closes_the_tab(viewer) {
  if (!opener) {
    window.open(location.href, "_blank", "popup,width=200,height=200");
    await until(() => localStorage.closed);
    viewer.truth = JSON.parse(localStorage.closed);
    return "as it is";
  }
  await viewer.sit("boat", { batchSeconds: 60, token: () => sleep(0.2).then(() => given.token) });
  await viewer.play();
  await viewer.watch(2);
  await viewer.seek(8);
  await viewer.watch(9);
  viewer.keepLast(localStorage, "closed");
  window.close();
  return sleep(60);
}

export async function has_a_second_tab(viewer) {
  if (!opener) {
    await viewer.sit("boat");
    await viewer.play();
    await viewer.watch(2);
    await viewer.pause();
    viewer.close();
    const tab = window.open(location.href, "_blank", "popup,width=200,height=200");
    await until(() => localStorage.second);
    viewer.truth.story.push(...JSON.parse(localStorage.second).story.slice(1));
    await viewer.play();
    await viewer.watch(4);
    tab.close(); // it has nothing to say any more
    await sleep(0.5);
    await viewer.watch(5);
    return undefined;
  }
  await viewer.sit("boat");
  video.currentTime = 12;
  await once("seeked");
  await viewer.play();
  await viewer.watch(14);
  await viewer.pause();
  viewer.close();
  localStorage.second = JSON.stringify(viewer.truth);
  return sleep(60);
}

export async function hides_the_page(viewer) {
  await viewer.sit("boat", { batchSeconds: 60, debug: undefined });
  await viewer.play();
  await viewer.watch(2);
  Object.defineProperty(document, "hidden", { value: true });
  const isLeft = () => Object.keys(localStorage).some((key) => key.split(" ").length > 3);
  await until(() => !isLeft());
  document.dispatchEvent(new Event("visibilitychange"));
  if (!isLeft()) throw new Error("nothing was reported");
  await until(() => !isLeft());
  await viewer.watch(3);
}

export async function comes_back_to_a_cached_page(viewer) {
  if (performance.getEntriesByType("navigation")[0].type === "back_forward") return "as it is"; // it was not
  viewer.truth.isKept = true;
  await viewer.sit("boat", { node: "boat" });
  await viewer.play();
  await viewer.watch(2);
  viewer.keepLast(sessionStorage, "unused");
  const back = new Promise((happen) => addEventListener("pageshow", happen, { once: true }));
  location.href = "/back";
  await back; // and it plays on by itself
  await until(() => !video.paused);
  viewer.from = video.currentTime;
  await viewer.watch(4);
}

export async function opens_a_second_tab_and_leaves_it_alone(viewer) {
  await viewer.sit("boat");
  if (opener) {
    localStorage.second = "is there";
    return sleep(60);
  }
  await viewer.play();
  window.open(location.href, "_blank", "popup,width=200,height=200");
  await until(() => localStorage.second);
  await viewer.watch(video.currentTime + 1);
}

export async function plays_in_two_tabs(viewer) {
  await viewer.sit("boat", { pingSeconds: 0.3 });
  await viewer.play();
  await viewer.watch(1);
  if (opener) {
    await viewer.watch(3);
    localStorage.second = JSON.stringify(await viewer.finish());
    return sleep(60);
  }
  window.open(location.href, "_blank", "popup,width=200,height=200");
  await new Promise((happen) => addEventListener("storage", happen, { once: true })); // it plays
  viewer.close(); // and one looks there, whatever goes on here
  await until(() => localStorage.second);
  viewer.truth.story.push(...JSON.parse(localStorage.second).story.slice(1));
  await viewer.pause();
  await viewer.seek(10);
  await viewer.play();
  viewer.from = 10;
  await viewer.watch(12);
}

export async function has_no_storage(viewer) {
  const forbid = () => {
    throw new Error("forbidden");
  };
  Object.defineProperty(window, "localStorage", { get: forbid });
  await chooses_and_goes_back(viewer);
}

export async function attaches_to_an_iframe(viewer) {
  await viewer.sit("boat");
  const unable = [];
  for (const target of [document.createElement("iframe"), undefined, "a text"]) {
    attach(target, { session: given.session, token: "none", onStop: ({ status, detail }) => unable.push(status ?? detail) });
  }
  if (unable.length !== 3 || unable.some((detail) => !detail.startsWith("Neither"))) throw new Error(`${unable}`);
  await viewer.play();
  await viewer.watch(1);
}

export async function is_on_a_page_that_throws(viewer) {
  const bad = () => {
    throw new Error("a callback's");
  };
  attach(null, {}).choose("nowhere");
  await attach().detach();
  const other = { session: "another", url: "/nowhere", token: "none" };
  const odd = [{ session: { toString: bad } }, { url: "http://" }, { token: bad }, { token: Symbol("a token") }];
  odd.push({ node: { toString: bad } }, { pingSeconds: 1n, batchSeconds: Symbol("long") });
  for (const options of odd) attach(video, { ...other, ...options }).choose({ toString: bad }, 7);
  attach(video, Object.defineProperty({ ...other }, "debug", { get: bad, enumerable: true }));
  for (const name of ["localStorage", "crypto"]) Object.defineProperty(window, name, { get: bad });
  const { fetch: whole } = window;
  window.fetch = bad;
  await viewer.sit("boat", { cause: bad, onRefused: bad, debug: bad });
  setTimeout(() => (window.fetch = async () => "no answer at all"), 200);
  setTimeout(() => (window.fetch = whole), 1500);
  viewer.player.report("x".repeat(101));
  const circle = {};
  circle.circle = circle;
  viewer.player.report("a circle", circle);
  viewer.player.choose();
  await viewer.play();
  await viewer.watch(1);
  await viewer.seek(5);
  await viewer.watch(6);
}
