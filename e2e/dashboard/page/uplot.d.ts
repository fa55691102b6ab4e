/** The server offers uPlot's own module under this name. */
export { default } from 'uplot';
