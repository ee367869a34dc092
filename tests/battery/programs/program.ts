import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

type NewEvent = components["schemas"]["NewEvent"];

const client = createClient<paths>({ baseUrl: process.argv[2]!, headers: { Authorization: `Bearer ${process.argv[3]!}` } });

/** The ordered four, a batch and a timeline, with every answer's type in use. */
async function main(): Promise<void> {
  const opened = await client.POST("/api/sessions", { body: { title: "From TypeScript" } });
  if (!opened.data) throw new Error(opened.error.detail);
  const params = { path: { sessionId: opened.data.id } };
  const one: NewEvent = { type: "play", timestamp: "2026-03-01T10:00:00Z", data: { position: 0, duration: 60, deep: [{ a: 1 }] } };
  const appended = await client.POST("/api/sessions/{sessionId}/events", { params, body: one });
  if (!appended.data) throw new Error(appended.error.detail);
  const batch: NewEvent[] = [{ eventId: "e2", type: "pause", timestamp: "2026-03-01T10:00:30Z", data: { position: 30 } }];
  const several = await client.POST("/api/sessions/{sessionId}/events", { params, body: batch });
  if (!several.data || !("events" in several.data)) throw new Error("no batch");
  const read = await client.GET("/api/sessions/{sessionId}", { params });
  if (!read.data || !("events" in read.data)) throw new Error("no events");
  const types: string[] = read.data.events.map((event) => event.type);
  const timeline = await client.GET("/api/sessions/{sessionId}/timeline", { params });
  if (!timeline.data) throw new Error(timeline.error.detail);
  const seconds: number = timeline.data.watchedSeconds;
  const deleted = await client.DELETE("/api/sessions/{sessionId}", { params });
  const message: string | undefined = deleted.data?.message;
  console.log(JSON.stringify({ types, seconds, message }));
}

main().catch((error: unknown) => { console.error(error); process.exit(1); });
