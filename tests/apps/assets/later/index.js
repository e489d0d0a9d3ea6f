exports.handler = async () => "hello, later";
