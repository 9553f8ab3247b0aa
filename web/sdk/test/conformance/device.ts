/** A device without a world around it, which does what a script of `fixtures/conformance/` says. */

import { create, fromJson, type JsonValue, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import type { Change, Summary } from "../../src/core/change.ts";
import type { Command, LaneCommand, Reply } from "../../src/core/command.ts";
import { Core, type Input, type Settings } from "../../src/core/machine.ts";
import { TimelineModel } from "../../src/core/timeline.ts";
import { carried, NO_ATTRIBUTES } from "../../src/content.ts";
import { type ChangeMessageSchema, type Frame, FrameSchema, TextBodySchema } from "../../src/gen/stonechat/v1/native_whole_pb.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { pageOf } from "../../src/store/store.ts";
import type { Attributes, ClientMsgId, ConversationId, Presence, SendState, UserId } from "../../src/types.ts";
import {
  checkList, checkPresence, checkState, checkStore, checkTimeline, isObject, type Json, type JsonObject, mirror, names, show,
} from "./compare.ts";
import { Own } from "./own.ts";

/** A script, as `fixtures/conformance/README.md` has it. */
export interface Script {
  readonly name: string;
  readonly user: string;
  readonly device: string;
  readonly steps: readonly JsonObject[];
}

/** Runs a script; throws where the device does otherwise. */
export async function run(script: Script): Promise<void> {
  const device = await Device.begin(script);
  for (const [at, step] of script.steps.entries()) {
    try {
      await device.step(step);
    } catch (error) {
      throw new Error(`step ${at}, ${JSON.stringify(step).slice(0, 400)}\n${(error as Error).stack}`);
    }
  }
  device.expectNothingUnnamed();
}

function text(value: Json, key: string): string {
  const found = isObject(value) ? value[key] : null;
  if (typeof found !== "string") {
    throw new Error(`${key} of ${show(value)}`);
  }
  return found;
}

/** The one key of an object, and what is behind it. */
function only(value: Json | undefined): [string, Json] {
  const [entry] = isObject(value) ? Object.entries(value) : [];
  if (!entry) {
    throw new Error(`nothing in ${show(value)}`);
  }
  return entry;
}

function frameOf(json: Json | undefined): Frame {
  return fromJson(FrameSchema, json as JsonValue, { ignoreUnknownFields: true });
}

function textBody(call: Json): Uint8Array {
  return toBinary(TextBodySchema, create(TextBodySchema, { text: text(call, "text") }));
}

/** What a message of a script carries beside its text. */
function attributesOf(call: JsonObject): Attributes | null {
  return carried({
    ...NO_ATTRIBUTES,
    replyTo: typeof call.reply_to === "number" ? { seq: call.reply_to, ordinal: 0 } : null,
    mentions: (call.mentions as string[] | undefined) ?? [],
    silent: call.silent === true,
  });
}

/** A command about a message, in the words of a script. */
function changeOf(name: string, call: JsonObject): LaneCommand {
  const conversationId = text(call, "conversation");
  const change = (): NonNullable<MessageInitShape<typeof ChangeMessageSchema>["change"]> => {
    switch (name) {
      case "edit":
        return { case: "edit", value: { bodyType: "text", body: textBody(call) } };
      case "recall":
        return { case: "recall", value: {} };
      case "pin":
      case "unpin":
        return { case: "pin", value: { remove: name === "unpin" } };
      default:
        return { case: "react", value: { emoji: text(call, "emoji"), remove: name === "take_back" } };
    }
  };
  return {
    conversation: conversationId,
    commandId: text(call, "command_id"),
    call: { case: "changeMessage", value: { conversationId, change: change() } },
    about: typeof call.seq === "number" ? call.seq : text(call, "own"),
  };
}

function commandOf(name: string, call: Json): Command {
  const it = isObject(call) ? call : {};
  switch (name) {
    case "start":
      return { kind: "start" };
    case "send":
      return {
        kind: "send",
        draft: {
          attributes: attributesOf(it),
          conversation: text(it, "conversation"),
          peer: (it.peer as string | undefined) ?? null,
          clientMsgId: text(it, "client_msg_id"),
          bodyType: "text",
          body: textBody(it),
          readUpto: (it.read_upto as number | undefined) ?? 0,
        },
      };
    case "edit":
    case "react":
    case "take_back":
    case "recall":
    case "pin":
    case "unpin":
      return { kind: "queue", command: changeOf(name, it) };
    case "queue":
      return {
        kind: "queue",
        command: {
          conversation: text(it, "conversation"), commandId: text(it, "command_id"), call: frameOf(it.frame).body, about: null,
        },
      };
    case "typing":
      return { kind: "typing", conversation: text(it, "conversation"), active: it.active === true };
    case "sign_out":
      return { kind: "sign_out" };
    case "retry":
    case "cancel":
      return { kind: name, id: call as string };
    case "watch":
      return { kind: "watch", users: call as string[] };
    case "away":
      return { kind: "away", away: call === true };
    case "mark_read":
      return { kind: "mark_read", conversation: text(it, "conversation"), upto: it.upto as number };
    case "focus":
      return { kind: "focus", conversations: call as string[] };
    case "mark_played":
      return { kind: "mark_played", conversation: text(it, "conversation"), message: it.seq as number };
    case "load_before":
      return {
        kind: "load_before", conversation: text(it, "conversation"), before: (it.before as number | undefined) ?? null,
        limit: it.limit as number,
      };
    default:
      throw new Error(`there is no call ${name}`);
  }
}

class Device {
  private nowMs = 1_000;
  private tickets = 0;
  private connected = false;
  /** Frames that the script has not named yet. */
  private readonly sent: JsonObject[] = [];
  /** Ids of calls, by the name that the script gives them. */
  private readonly names = new Map<string, Json>();
  private readonly summaries = new Map<ConversationId, Summary>();
  private readonly sends = new Map<ClientMsgId, SendState>();
  private presences: ReadonlyMap<UserId, Presence> = new Map();
  private readonly typing = new Map<ConversationId, readonly UserId[]>();
  private own = new Own();

  private constructor(
    private readonly settings: Settings,
    private readonly store: ReturnType<typeof memoryStore>,
    private core: Core,
  ) {}

  static async begin(script: Script): Promise<Device> {
    const settings = {
      me: script.user, device: script.device, deviceName: "", client: "", platform: 0, window: 0, recordEvents: false,
    };
    const store = memoryStore();
    return new Device(settings, store, new Core(settings, await store.load()));
  }

  private async input(input: Input): Promise<Reply[]> {
    const { nowMs } = this;
    this.core.handle({ monotonicMs: nowMs, wallMs: 1_790_000_000_000 + nowMs, random: 0 }, input);
    const replies: Reply[] = [];
    for (let action; (action = this.core.pollAction()); ) {
      switch (action.kind) {
        case "fetch_token":
          replies.push(...(await this.input({ kind: "token", token: "token" })));
          break;
        case "connect":
          this.connected = true;
          replies.push(...(await this.input({ kind: "opened" })));
          break;
        case "disconnect":
          this.connected = false;
          break;
        case "transmit":
          if (action.frame.body.case !== "ping") {
            this.sent.push(mirror(action.frame));
          }
          break;
        case "commit":
          await this.store.apply([action.transaction]);
          replies.push(...(await this.input({ kind: "committed", number: action.transaction.number })));
          break;
        case "emit":
          this.tell(action.change);
          break;
        case "reply":
          if (action.reply instanceof Error) {
            throw action.reply;
          }
          replies.push(action.reply);
      }
    }
    return replies;
  }

  private tell(change: Change): void {
    switch (change.kind) {
      case "conversation":
        this.summaries.set(change.summary.id, change.summary);
        break;
      case "conversation_gone":
        this.summaries.delete(change.conversation);
        break;
      case "send":
        this.sends.set(change.clientMsgId, change.state);
        break;
      case "presences":
        this.presences = change.presences;
        break;
      case "typing":
        this.typing.set(change.conversation, change.users);
        break;
      default:
        this.own = this.own.tell(change) ? new Own() : this.own;
    }
  }

  private command(command: Command): Promise<Reply[]> {
    this.tickets += 1;
    return this.input({ kind: "command", ticket: this.tickets, command });
  }

  private async advance(ms: number): Promise<void> {
    const end = this.nowMs + ms;
    for (let deadline; (deadline = this.core.nextDeadline()) !== null && deadline <= end; ) {
      this.nowMs = deadline;
      await this.input({ kind: "tick" });
    }
    this.nowMs = end;
    await this.input({ kind: "tick" });
  }

  async step(whole: JsonObject): Promise<void> {
    const [kind, step] = only(whole);
    const it = isObject(step) ? step : {};
    if (["call", "in", "closed", "restart", "reconnect", "advance_ms"].includes(kind)) {
      this.expectNothingUnnamed();
    }
    switch (kind) {
      case "call":
        await this.command(commandOf(...only(step)));
        return;
      case "out":
        return this.out(it);
      case "in":
        await this.input({ kind: "frame", frame: this.framed(it) });
        return;
      case "advance_ms":
        return this.advance(step as number);
      case "closed":
        this.connected = false;
        await this.input({ kind: "closed", reason: "closed" });
        return;
      case "reconnect":
        for (let second = 0; second < 60 && !this.connected; second++) {
          await this.advance(1_000);
        }
        if (!this.connected) {
          throw new Error("it did not connect within a minute");
        }
        return;
      case "restart":
        return this.restart();
      case "store":
        return checkStore(it, this.store.tables);
      case "list":
        return checkList(step, this.summaries.values());
      case "timeline":
        return this.checkTimeline(it);
      case "presence":
        return checkPresence(step, this.presences);
      case "state":
        return this.checkState(it);
      case "typing":
        return this.checkTyping(it);
      case "own":
        return this.own.check(it);
      default:
        throw new Error(`there is no step ${kind}`);
    }
  }

  private framed({ answers, frame }: JsonObject): Frame {
    const id = typeof answers === "string" ? this.names.get(answers) : null;
    if (id === undefined) {
      throw new Error(`no call ${show(answers)}`);
    }
    return frameOf(id === null ? frame : { ...(frame as JsonObject), id });
  }

  private async restart(): Promise<void> {
    this.connected = false;
    this.summaries.clear();
    this.sends.clear();
    this.own = new Own();
    this.core = new Core(this.settings, await this.store.load());
    await this.command({ kind: "start" });
  }

  private out(step: JsonObject): void {
    const expected = step.frame!;
    const at = this.sent.findIndex((frame) => names(expected, frame));
    if (at < 0) {
      throw new Error(`not sent: ${show(expected)}\nsent: ${show(this.sent)}`);
    }
    const [frame] = this.sent.splice(at, 1);
    if (typeof step.as === "string") {
      this.names.set(step.as, frame!.id!);
    }
  }

  expectNothingUnnamed(): void {
    if (this.sent.length > 0) {
      throw new Error(`frames that the script does not name: ${show(this.sent)}`);
    }
  }

  private async checkTimeline(step: JsonObject): Promise<void> {
    const conversation = text(step, "conversation");
    const model = new TimelineModel(this.settings.me, conversation, null);
    for (const reply of await this.command({ kind: "open", conversation })) {
      if (reply.kind === "opened") {
        model.begin(reply.opened);
      }
    }
    const all = { conversation, from: 0, upto: Number.MAX_SAFE_INTEGER, limit: Number.MAX_SAFE_INTEGER };
    model.merge(await pageOf(this.store, all), 1);
    checkTimeline(step.items!, model.items());
  }

  private checkState(step: JsonObject): void {
    const state = this.sends.get(text(step, "client_msg_id"));
    if (!state) {
      throw new Error(`no send ${show(step)}`);
    }
    checkState(step, state);
  }

  private checkTyping(step: JsonObject): void {
    const users = this.typing.get(text(step, "conversation")) ?? [];
    if (!names(step.users!, [...users])) {
      throw new Error(`typing: expected ${show(step)}\nfound ${show([...users])}`);
    }
  }
}
