/** Writes scikit-learn's digits as 0.csv to 9.csv into `folder`; `venv` gets scikit-learn where no Python has it. */
export function makeDigits(root: string, folder: string, venv: string): Promise<void>;
/** Whether this is a machine that nobody lives on. */
export function isThrowAway(): boolean;
