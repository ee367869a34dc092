// A page's own code, held against player.d.ts.
import { attach, type Player } from "https://sessions.example/player.js";

const video = document.querySelector("video")!;
const token = async (session: string): Promise<string> => (await fetch(`/token?session=${session}`)).text();
const player: Player = attach(video, {
  session: "s", token, node: "intro", cause: ({ from, to }) => (to < from ? "again" : undefined), batchSeconds: 2,
  onRefused: (event, { status, errors }) => console.log(event.type, status, errors?.[0]?.pointer),
  onStop: ({ status, detail }) => console.log(status ?? 0, detail), debug: (...said: unknown[]) => console.log(...said),
});
player.choose("cellar", { option: "Go down", duration: 60, position: 12 });
player.enter("end");
player.report("chapterStart", { index: 1, title: "One" });
player.adStart();
player.adEnd();
const isStored: boolean = await player.flush();
attach(document.querySelector("media-player"), { session: "s", token: "t" }).detach();
// @ts-expect-error a session is required
attach(video, { token: "t" });
// @ts-expect-error there is no such option
attach(video, { session: "s", token: "t", speed: 2 });
console.log(isStored);
