/** What TypeScript needs to know of player.js: see docs/clients.md. */

/** Say where the events of a session go, and how. */
export interface Options {
  /** The session's id. */
  session: string;
  /** A player token, or a function that returns one: only then can one that has expired be replaced. */
  token: string | ((session: string) => string | Promise<string>);
  /** The part of the film that the element plays; leave it out for a film in one part. */
  node?: string | number;
  /** Why a seek happened. */
  cause?: string | ((seek: { from: number; to: number }) => string | undefined);
  /** The service's base URL; by default where player.js came from. */
  url?: string | URL;
  /** The service refused an event; the others are still sent. */
  onRefused?(event: Event, problem: Refusal): void;
  /** Nothing more can be sent; without `status`, the target cannot be followed. */
  onStop?(problem: { status?: number; detail?: string }): void;
  /** How many seconds an event may wait to be sent with others: 5, unless given. */
  batchSeconds?: number;
  /** How often playing is reported, in seconds: 10, unless given. */
  pingSeconds?: number;
  /** Log to the console, or to a function. */
  debug?: boolean | ((...said: unknown[]) => void);
}

/** An event as it is sent to the service. */
export interface Event {
  eventId: string;
  type: string;
  timestamp: string;
  data: Record<string, unknown>;
}

/** What the service says of an event that it does not take. */
export interface Refusal {
  status?: number;
  errors?: { pointer: string; detail: string }[];
}

/** A branch: the new part's length, and where the viewer left the old one, both in seconds. */
export interface Branch {
  option?: string;
  cause?: string;
  duration?: number;
  position?: number;
}

export interface Player {
  /** Report a branch that the viewer chose. */
  choose(node: string | number, branch?: Branch): void;
  /** Report a branch that the film took by itself. */
  enter(node: string | number, branch?: Branch): void;
  /** Report that an ad break begins. */
  adStart(): void;
  /** Report that it ends. */
  adEnd(): void;
  /** Report what an element does not know, such as chapters. */
  report(type: string, data?: Record<string, unknown>): void;
  /** Send what is waiting; resolves to whether everything is stored. */
  flush(): Promise<boolean>;
  /** Stop reporting; resolves as `flush` does. */
  detach(): Promise<boolean>;
}

/** Report what a media element plays, or the one in a container. Never throws. */
export function attach(target: Element | null, options: Options): Player;
