/** The types of player.js; see docs/clients.md. */

/** Where the events of a session are sent, and how. */
export interface Options {
  /** The session's id. */
  session: string;
  /** A player token, or a function that returns one; only a function allows expired tokens to be replaced. */
  token: string | ((session: string) => string | Promise<string>);
  /** The part of the film that the element plays; omit it for a film in one part. */
  node?: string | number;
  /** Why a seek happened. */
  cause?: string | ((seek: { from: number; to: number }) => string | undefined);
  /** The service's base URL. Default: where player.js was loaded from. */
  url?: string | URL;
  /** Called if the service refuses an event; the others are still sent. */
  onRefused?(event: Event, problem: Refusal): void;
  /** Called when nothing more can be sent; without `status`, the target cannot be followed. */
  onStop?(problem: { status?: number; detail?: string }): void;
  /** How many seconds an event may wait to be sent together with others. Default: 5. */
  batchSeconds?: number;
  /** How often the position is reported during playback, in seconds. Default: 10. */
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

/** The service's response to a refused event. */
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
  /** Report a branch that the film took automatically. */
  enter(node: string | number, branch?: Branch): void;
  /** Report that an ad break begins. */
  adStart(): void;
  /** Report that an ad break ends. */
  adEnd(): void;
  /** Report an event that the element does not know about, such as a chapter. */
  report(type: string, data?: Record<string, unknown>): void;
  /** Send all waiting events; resolves to whether everything is stored. */
  flush(): Promise<boolean>;
  /** Stop reporting; resolves as `flush` does. */
  detach(): Promise<boolean>;
}

/** Report the events of a media element, or of the one in a container. Never throws. */
export function attach(target: Element | null, options: Options): Player;
