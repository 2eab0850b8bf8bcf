/** Which panes are seen: a key each, a button each. */

export interface View {
  key: string;
  panes: number[];
  name: string;
}

export const VIEWS: View[] = [
  { key: "0", panes: [1, 2, 3, 4, 5, 6], name: "All" },
  { key: "1", panes: [1], name: "Accuracy" },
  { key: "2", panes: [2], name: "Loss" },
  { key: "3", panes: [3], name: "Batch" },
  { key: "4", panes: [4], name: "Weights" },
  { key: "5", panes: [5], name: "Biases" },
  { key: "6", panes: [6], name: "Watched pictures" },
  { key: "7", panes: [1, 2], name: "Accuracy and loss" },
  { key: "8", panes: [4, 5], name: "Weights and biases" },
  { key: "9", panes: [3, 6], name: "Batch and watched pictures" },
];
