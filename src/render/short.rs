//! A line for each fault, as compilers print them and editors read them.

use super::Remark;

/// `file:line:column: code message`, a line for each.
pub fn short(remarks: &[Remark]) -> String {
    let line = |Remark { file, start: (line, column), code, message, .. }: &Remark| {
        format!("{file}:{line}:{column}: {code} {}\n", message.replace(['\r', '\n'], " "))
    };
    remarks.iter().map(line).collect()
}
