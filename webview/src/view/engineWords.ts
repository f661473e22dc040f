/** Engines as people call them. */
export { engineWords } from '../../../runner/src/domain/engineFacts';
