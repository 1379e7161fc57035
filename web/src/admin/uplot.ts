// The library of charts, which the first chart loads.
import 'uplot/dist/uPlot.min.css';

export { default as Plot } from 'uplot';
