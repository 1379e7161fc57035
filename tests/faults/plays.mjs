// What clients do while something goes wrong, each a play for a scene. It ends with what its client was told.
import { call, killWorker, proxies, restartWorker } from '../desk.mjs';
import { FIRST, LAST, MIDDLE, at, gate, held, heldAt } from './faults.mjs';
import { outcome, until } from './scene.mjs';

/** Moments of an answer: where the model is held, and what a client has heard by then. */
export const BEFORE = { name: 'before the first byte', place: FIRST, hasHeard: (told) => told.frames.length >= 2 };
export const MID = { name: 'mid-stream', place: MIDDLE, hasHeard: (told) => told.text !== '' };
export const END = { name: 'at the end', place: LAST, hasHeard: (told) => told.text.endsWith('word59') };

/** The client sends, and the model is held at a moment. */
async function upTo(scene, { place, hasHeard }) {
  const hold = gate();
  const asked = scene.model([at(place, heldAt(hold))]);
  return { hold, asked, ...await scene.sendUpTo(hold, hasHeard) };
}

/** Asks, and hears whatever there is to hear. */
export const asks = (faults = []) => async (scene) => {
  scene.model(faults);
  return outcome(await scene.client.turn(scene.message));
};

/** Hangs up and never comes back. */
export const leaves = (moment) => async (scene) => {
  const { hold, told, heard } = await upTo(scene, moment);
  told.hangUp();
  await heard;
  hold.open();
  return outcome(told);
};

/** Hangs up and comes back for the rest at once. */
export const reloads = (moment) => async (scene) => {
  const { hold, told, heard } = await upTo(scene, moment);
  told.hangUp();
  await heard;
  told.status = undefined;
  const again = scene.client.resume(told);
  await until(() => told.status === 200);
  hold.open();
  return outcome(await again);
};

/** Hangs up and comes back when the answer is over. */
export const comesBackLater = (moment) => async (scene) => {
  const { hold, asked, told, heard } = await upTo(scene, moment);
  told.hangUp();
  await heard;
  hold.open();
  await asked.met[0].over;
  return outcome(await scene.client.resume(told));
};

/** A second tab reads along. */
export const readsAlong = (moment) => async (scene) => {
  const { hold, told, heard } = await upTo(scene, moment);
  const second = await scene.join();
  hold.open();
  await Promise.all([heard, second.heard]);
  await scene.compare(told, second.told);
  return outcome(told);
};

/** Stops the answer, which ends the call to the model. */
export const stops = (moment) => async (scene) => {
  const { hold, asked, told, heard } = await upTo(scene, moment);
  if (!await scene.client.stop()) scene.found.push('there was nothing to stop');
  await heard;
  if (await asked.met[0].over) scene.found.push('the model was heard out');
  hold.open();
  return outcome(told);
};

/** Hangs up before anything was answered, and sends the message again under its name until it is taken. */
export const leavesUnanswered = async (scene) => {
  const hold = gate();
  scene.supabase('rpc/load_session', [held(hold)]);
  const { told, heard } = await scene.sendUpTo(hold);
  told.hangUp();
  await heard;
  hold.open();
  await until(async () => (await scene.client.again(told)).status === 200);
  return outcome(told);
};

/** Hangs up before anything was answered, and looks whether an answer runs. */
export const reloadsUnanswered = async (scene) => {
  const [load, answer] = [gate(), gate()];
  scene.supabase('rpc/load_session', [held(load)]);
  scene.model([at(FIRST, heldAt(answer))]);
  const { told, heard } = await scene.sendUpTo(load);
  told.hangUp();
  await heard;
  load.open();
  await answer.reached;
  const again = scene.client.resume(told);
  await until(() => told.status === 200);
  answer.open();
  return outcome(await again);
};

/** workerd is killed at a moment of the answer; the client comes back when it runs again. */
export const seesItDie = (moment) => async (scene) => {
  const { hold, told, heard } = await upTo(scene, moment);
  await killWorker();
  await heard;
  hold.open();
  await restartWorker();
  return outcome(await scene.client.resume(told));
};

/** workerd is killed when the client has heard all and Postgres has not, because of that fault. */
export const isToldBeforeItDies = (fault) => async (scene) => {
  const commits = scene.supabase('rpc/commit_turn', fault);
  const told = await scene.client.turn(scene.message);
  await until(() => commits.met.length > 0);
  await killWorker();
  await restartWorker();
  commits.relent();
  return outcome(told);
};

/** workerd is killed while Supabase is away: the session goes on with what its object kept. */
export const goesOnWithoutAnybody = (fault) => async (scene) => {
  await warmUp(scene);
  const away = scene.supabase('', fault);
  await killWorker();
  await restartWorker();
  const told = await scene.client.turn(scene.message);
  away.relent();
  return outcome(told);
};

/** A session that nobody knows yet, while Supabase has a fault; when it has none any more, the message is sent again. */
export const comesCold = (path, fault) => async (scene) => {
  const faulty = scene.supabase(path, fault);
  const told = await scene.client.turn(scene.message);
  const first = outcome(told);
  faulty.relent();
  if (first === 'finish') return first;
  return `${first}, then ${outcome(await scene.client.again(told))}`;
};

/** A session that its object knows, while everything of Supabase has a fault: three turns. */
export const comesHot = (fault) => async (scene) => {
  await warmUp(scene);
  const faulty = scene.supabase('', fault);
  const told = await scene.client.turn(scene.message);
  for (const n of [1, 2]) await scene.client.turn(`meanwhile ${n}`);
  faulty.relent();
  return outcome(told);
};

/** Postgres gets the turn late, or more than once. */
export const isCommitted = (faults) => async (scene) => {
  scene.supabase('rpc/commit_turn', faults);
  return outcome(await scene.client.turn(scene.message));
};

/** Reads something, or erases all, while what Supabase is asked for it has a fault. */
export const calls = (method, route, path, fault) => async (scene) => {
  await scene.client.turn(scene.message);
  const faulty = scene.supabase(path, fault);
  const response = await call(route(scene.client), { user: scene.client.user, method });
  faulty.relent();
  const body = await response.json();
  return response.ok ? `${body.data.length} rows` : `${response.status} ${body.code}`;
};

/** Nobody listens where the model is. */
export const findsNoModel = async (scene) => {
  await proxies.model.stop();
  try {
    return outcome(await scene.client.turn(scene.message));
  } finally {
    await proxies.model.listen();
  }
};

/** Nobody listens where Supabase is. */
export const findsNoSupabase = async (scene) => {
  await proxies.supabase.stop();
  const told = await scene.client.turn(scene.message);
  await proxies.supabase.listen();
  return `${outcome(told)}, then ${outcome(await scene.client.again(told))}`;
};

async function warmUp(scene) {
  await scene.client.turn('before');
}
