import { IConstruct } from 'constructs';

/** An ID that no other construct in a scope of the user has: the given one, if possible without a number. */
export function freeId(scope: IConstruct, id: string): string {
  let free = id;
  for (let number = 2; scope.node.tryFindChild(free); number++) {
    free = `${id}${number}`;
  }
  return free;
}
