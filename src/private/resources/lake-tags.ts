import { TagManager, Tags } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { DatasetNames, LakeNames, TAG_KEYS } from '../../naming';

/** The tags of a resource, by their keys. */
export interface ResourceTags {
  readonly [key: string]: string;
}

/** The tags of the resources that all datasets of a lake share. */
export function lakeTags({ resourcePrefix }: LakeNames): ResourceTags {
  return { [TAG_KEYS.lake]: resourcePrefix };
}

/** The tags of the resources of a dataset. */
export function datasetTags({ lake, layer, dataset }: DatasetNames): ResourceTags {
  return { ...lakeTags(lake), [TAG_KEYS.layer]: layer, [TAG_KEYS.dataset]: dataset };
}

/** The tags of the resources of a pipeline. */
export function pipelineTags(lake: LakeNames, pipeline: string): ResourceTags {
  return { ...lakeTags(lake), [TAG_KEYS.pipeline]: pipeline };
}

/** Below the priority of the tags of the app, which is 100. */
const PRIORITY = 50;

/**
 * Tags the resources below a construct, including resources that are added later. Use this function only for a few
 * constructs per app, because it adds an aspect that visits all constructs below the scope during synthesis.
 */
export function tagAll(scope: IConstruct, tags: ResourceTags): void {
  for (const [key, value] of Object.entries(tags)) {
    Tags.of(scope).add(key, value, { priority: PRIORITY });
  }
}

/**
 * Tags the resources that exist below a construct. Unlike `tagAll`, it adds no aspect: with 300 datasets, synthesis
 * would spend most of its time in their aspects.
 */
export function tagExisting(scope: IConstruct, tags: ResourceTags): void {
  for (const construct of scope.node.findAll()) {
    const manager = TagManager.of(construct);
    if (manager) {
      Object.entries(tags).forEach(([key, value]) => manager.setTag(key, value, PRIORITY));
    }
  }
}
