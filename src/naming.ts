/** placeholder */
export class Naming {}
