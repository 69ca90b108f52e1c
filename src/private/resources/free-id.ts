import { IConstruct } from 'constructs';

/**
 * An ID that is free in a scope that the library does not own: the given ID, with a number appended if another
 * construct has this ID.
 */
export function freeId(scope: IConstruct, id: string): string {
  let free = id;
  for (let number = 2; scope.node.tryFindChild(free); number++) {
    free = `${id}${number}`;
  }
  return free;
}
