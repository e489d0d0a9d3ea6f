fn main() {
    let args: Vec<String> = std::env::args().collect();
    let s = asi::ops::synthesize(&asi::world::SystemFiles, std::path::Path::new(&args[1]), args.get(2).map(|s| s.as_str()));
    for d in &s.diagnostics { eprintln!("{:?} {:?} {:?} {:?}", d.code, d.message, d.help, s.sources.line_and_column(d.span())); }
    if let Some((_, t)) = &s.stack { print!("{}", t.to_yaml()); }
}
