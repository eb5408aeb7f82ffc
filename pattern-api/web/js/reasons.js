// Why the analysis found nothing.

/**
 * What each stage says of the data sources (of one, where it is named), in the order of the stages; what a stage says as
 * the one before it is said once.
 */
export function reasons(sources, named) {
  const shown = sources.filter(({ name }) => !named || name === named);
  return shown.flatMap(({ name, nothing_found: found = [] }) => {
    const first = found.filter(({ reason }, i) => found.findIndex((one) => one.reason === reason) === i);
    return first.map(({ stage, reason }) => ({ source: name, stage, reason }));
  });
}
