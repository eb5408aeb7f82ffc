// What a reviewer changed about a suggestion and has not sent yet. Pure: no elements, no requests.

/** In place of a role: the reviewer took the point out of the equipment. */
export const EXCLUDED = "\u0000excluded";

export const newDraft = () => ({
  roles: new Map(),
  equipmentName: null,
  patternId: null,
  /** What the kind is called that the library lacks; null: it is a known one, or as proposed. */
  newKind: null,
  /** The point that gets a role of the reviewer's own, and as much of the role's name as is typed. */
  ownRole: null,
  /** Whether the points are of several machines; null: as the engine takes it. */
  several: null,
  /** The machine's name per point, where it was typed. */
  machines: new Map(),
  /** Why it would be rejected: no edit, but typed. */
  reason: "",
});

export const isEdited = (draft) =>
  Boolean(draft) &&
  (draft.roles.size > 0 ||
    draft.equipmentName !== null ||
    draft.patternId !== null ||
    draft.newKind !== null ||
    draft.ownRole !== null ||
    draft.several !== null ||
    draft.machines.size > 0);

/** A role that fits so well is also one of a machine of another kind: a bearing's temperature stays one. */
const SURE = 0.5;

/** None of the known kinds: the proposal's roles are not those of the new one. */
const isAnother = ({ pattern }, draft) => draft.newKind !== null && Boolean(pattern?.id);

/** What the new kind is called that an approval would make; null where it makes none. */
export function newKindOf({ pattern }, draft) {
  if (draft.patternId) return null;
  return draft.newKind ?? (pattern.id ? null : "");
}

const areLookAlikes = ({ cluster }) => cluster?.kind === "look_alikes";

/** Whether each point has a machine of its own: look-alikes do, unless the reviewer says otherwise. */
export const isSeveral = (suggestion, draft) => draft.several ?? areLookAlikes(suggestion);

/** What the one machine is called until somebody types it; empty where no name is known. */
export const proposedName = ({ cluster }) =>
  (areLookAlikes({ cluster }) ? cluster.label : cluster?.equipment_name) ?? "";

/** Whether an approval has to say what the machine is called. */
export const lacksName = (suggestion, draft) =>
  !isSeveral(suggestion, draft) && !(draft.equipmentName ?? proposedName(suggestion)).trim();

/** Of several machines: the first point that plays a role in one that has no name yet. */
export function pointWithoutMachine(detail, draft, patterns) {
  if (!isSeveral(detail, draft)) return undefined;
  const plays = (point) => ![null, EXCLUDED].includes(roleOf(point, detail, draft, patterns));
  return detail.points.find((point) => plays(point) && !machineOf(point, detail, draft).trim());
}

/** What the machine of a point is called where there are several: look-alikes as their points, others as the one. */
export const machineOf = (point, suggestion, draft) =>
  draft.machines.get(point.id) ??
  (areLookAlikes(suggestion) ? point.name : (draft.equipmentName ?? proposedName(suggestion)));

/** The roles on offer: those of the corrected pattern, else those of the proposal. */
export function rolesOf(detail, draft, patterns) {
  const corrected = draft.patternId && patterns.get(draft.patternId);
  return (corrected ?? detail).roles.map(({ name, required }) => ({ name, required }));
}

/** The role a point has now: the reviewer's, else the proposed one where the pattern has it, or as a new kind's reads. */
export function roleOf(point, detail, draft, patterns) {
  if (draft.roles.has(point.id)) return draft.roles.get(point.id);
  if (isAnother(detail, draft)) return point.role_score >= SURE ? point.role : (point.spelled_out ?? null);
  if (!draft.patternId || !point.role) return point.role ?? null;
  return rolesOf(detail, draft, patterns).some(({ name }) => name === point.role) ? point.role : null;
}

/** Gives `point` a role; several points may measure the same, so that others keep it. */
export function assign(point, role, detail, draft) {
  draft.roles.set(point.id, role);
  for (const { id, role: proposed } of detail.points) {
    if (!draft.patternId && !isAnother(detail, draft) && draft.roles.has(id) && draft.roles.get(id) === (proposed ?? null))
      draft.roles.delete(id);
  }
}

export function unfilled(detail, draft, patterns) {
  if (isAnother(detail, draft)) return [];
  const taken = new Set(detail.points.map((point) => roleOf(point, detail, draft, patterns)));
  return rolesOf(detail, draft, patterns).filter(({ name }) => !taken.has(name));
}

/** Roles that several points have. */
export function shared(detail, draft, patterns) {
  const seen = new Set();
  const again = new Set();
  for (const point of detail.points) {
    const role = roleOf(point, detail, draft, patterns);
    if (role) (seen.has(role) ? again : seen).add(role);
  }
  again.delete(EXCLUDED);
  return [...again];
}

/** Body of the approval: only what differs from the proposal, so that the proposal keeps its credit. */
export function approvalBody(detail, version, draft, patterns) {
  const body = { version };
  if (draft.patternId) body.pattern_id = draft.patternId;
  else if (draft.newKind?.trim()) body.pattern_name = draft.newKind.trim();
  // What happened has neither machines nor roles.
  if (detail.kind === "episode") return body;
  const several = isSeveral(detail, draft);
  const label = areLookAlikes(detail) ? detail.cluster.label : "";
  const name = draft.equipmentName?.trim() || label;
  if (name && !several) body.equipment_name = name;
  // A point that is no longer part of it keeps no role.
  const isMember = ([id]) => detail.points.some((point) => point.id === id);
  const changed = draft.patternId || isAnother(detail, draft)
    ? detail.points.map((point) => [point.id, roleOf(point, detail, draft, patterns)])
    : [...draft.roles].filter(isMember);
  const roles = changed.filter(([, role]) => role !== EXCLUDED);
  if (roles.length > 0) body.role_assignments = Object.fromEntries(roles);
  const excluded = changed.filter(([, role]) => role === EXCLUDED).map(([id]) => id);
  if (excluded.length > 0) body.excluded_points = excluded;
  if (several) {
    const has = (point) => ![null, EXCLUDED].includes(roleOf(point, detail, draft, patterns));
    // Look-alikes are called as their points are anyway.
    const said = (point) => draft.machines.has(point.id) || !areLookAlikes(detail);
    const machines = detail.points.filter((point) => has(point) && said(point));
    if (machines.length > 0)
      body.equipment_names = Object.fromEntries(machines.map((point) => [point.id, machineOf(point, detail, draft)]));
  }
  return body;
}
